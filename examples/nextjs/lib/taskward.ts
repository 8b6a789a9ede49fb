import { ApiError, NetworkError, Taskward } from "@taskward/client";
import { authClient } from "./auth-client";

/** Returns a client for the person who is signed in. It calls `getToken` again when a token has expired. */
export function taskwardClient(): Taskward {
  return new Taskward({ baseUrl: process.env.NEXT_PUBLIC_TASKWARD_URL ?? "http://127.0.0.1:8000", token: getToken });
}

async function getToken(): Promise<string> {
  const { data, error } = await authClient.token();
  if (error?.status === 401) location.reload(); // signed out, perhaps in another tab: the page asks to sign in
  if (error) throw new Error(`No token: ${error.message ?? error.statusText}`);
  return data.token;
}

/** Returns what to show of an error. */
export function messageOf(error: unknown): string {
  if (error instanceof NetworkError) return "Taskward does not answer";
  if (!(error instanceof ApiError)) return String(error);
  if (error.code === "VALIDATION_ERROR") return error.details.map(({ message }) => message).join(". ");
  return `${error.message} (${error.code}, request ${error.requestId})`;
}
