import { ApiError, type TokenSource } from "@taskward/client";

const TOKEN = "taskward.token";
const DATABASE = "taskward.database";

/** The user may not be signed in: then the app shows what is on the device, and asks for a token. */
export interface Session {
  /** The database on this device; undefined if nobody has signed in on it. */
  database: string | undefined;
  /** Whether the service signs the page in, which it does in development alone. */
  isDevelopment: boolean;
}

export async function currentSession(): Promise<Session> {
  const known = localStorage.getItem(DATABASE) ?? undefined;
  const pasted = sessionStorage.getItem(TOKEN);
  if (pasted !== null) return { database: remember(databaseOf(pasted)), isDevelopment: false };
  try {
    const token = await developmentToken();
    if (token === undefined) return { database: known, isDevelopment: false };
    return { database: remember(databaseOf(token)), isDevelopment: true };
  } catch {
    return { database: known, isDevelopment: false }; // there is no network
  }
}

/** Returns the token of the session; the store's requests wait for it, and ask again after it was rejected. */
export const token: TokenSource = async ({ renew }) => {
  const pasted = sessionStorage.getItem(TOKEN);
  if (pasted !== null && !renew) return pasted;
  const found = pasted ?? (await developmentToken());
  if (found === undefined) throw new ApiError(new Response(null, { status: 401 }), { error: "Nobody is signed in" });
  return found;
};

/**
 * Keeps a token of the identity provider for this tab. Returns its database.
 *
 * Throws an error if it is no token.
 */
export function signIn(token: string): string {
  const database = databaseOf(token);
  sessionStorage.setItem(TOKEN, token);
  return remember(database);
}

export function forgetSession(): void {
  sessionStorage.removeItem(TOKEN);
  localStorage.removeItem(DATABASE);
}

/** Returns a token of the service, or undefined if it has none for this page: docs/web-app.md. */
async function developmentToken(): Promise<string | undefined> {
  const response = await fetch("/app/session", { method: "POST", cache: "no-store" });
  if (response.status === 404) return undefined;
  if (!response.ok) throw new Error(`The session has status ${response.status}`);
  return ((await response.json()) as { token: string }).token;
}

function remember(database: string): string {
  localStorage.setItem(DATABASE, database);
  return database;
}

/** One database for each user, so that a token of another user finds another one. The service verifies the token. */
function databaseOf(token: string): string {
  const [, payload = ""] = token.split(".");
  const bytes = Uint8Array.from(atob(payload.replaceAll("-", "+").replaceAll("_", "/")), (one) => one.charCodeAt(0));
  const { iss = "", sub } = JSON.parse(new TextDecoder().decode(bytes)) as { iss?: string; sub?: unknown };
  if (typeof sub !== "string") throw new Error("The token names no user");
  return `taskward of ${sub} at ${iss}`;
}
