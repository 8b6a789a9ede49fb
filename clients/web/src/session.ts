import { ApiError, type TokenSource } from "@taskward/client";

const TOKEN = "taskward.token";
const DATABASE = "taskward.database";

/** Without a signed-in user, the app shows what is stored on the device, and asks for a token. */
export interface Session {
  /** The name of the database on this device; undefined if no user has signed in here. */
  database: string | undefined;
  /** Whether the service issues the token, which it does only in development. */
  isDevelopment: boolean;
}

export async function currentSession(): Promise<Session> {
  const stored = localStorage.getItem(DATABASE) ?? undefined;
  const pasted = sessionStorage.getItem(TOKEN);
  if (pasted !== null) return { database: storeDatabaseName(databaseOf(pasted)), isDevelopment: false };
  try {
    const token = await developmentToken();
    if (token === undefined) return { database: stored, isDevelopment: false };
    return { database: storeDatabaseName(databaseOf(token)), isDevelopment: true };
  } catch {
    return { database: stored, isDevelopment: false }; // no network
  }
}

/** Returns the token of the session; with `renew`, after the service has rejected it, a new one if there is one. */
export const token: TokenSource = async ({ renew }) => {
  const pasted = sessionStorage.getItem(TOKEN);
  if (pasted !== null && !renew) return pasted;
  const found = pasted ?? (await developmentToken());
  if (found === undefined) throw new ApiError(new Response(null, { status: 401 }), { error: "Nobody is signed in" });
  return found;
};

/**
 * Stores a token of the identity provider for this tab. Returns the name of its database.
 *
 * Throws an error if it is not a JSON Web Token.
 */
export function signIn(token: string): string {
  const database = databaseOf(token);
  sessionStorage.setItem(TOKEN, token);
  return storeDatabaseName(database);
}

export function clearSession(): void {
  sessionStorage.removeItem(TOKEN);
  localStorage.removeItem(DATABASE);
}

/** Returns a token of the service, or undefined if it issues none for this page: docs/web-app.md. */
async function developmentToken(): Promise<string | undefined> {
  const response = await fetch("/app/session", { method: "POST", cache: "no-store" });
  if (response.ok) return ((await response.json()) as { token: string }).token;
  await response.body?.cancel();
  if (response.status === 404) return undefined;
  throw new Error(`The session has status ${response.status}`);
}

function storeDatabaseName(database: string): string {
  localStorage.setItem(DATABASE, database);
  return database;
}

/** Returns the name of the user's database: each user has one. The token is not verified here, but by the service. */
function databaseOf(token: string): string {
  const [, payload = ""] = token.split(".");
  const bytes = Uint8Array.from(atob(payload.replaceAll("-", "+").replaceAll("_", "/")), (one) => one.charCodeAt(0));
  const { iss = "", sub } = JSON.parse(new TextDecoder().decode(bytes)) as { iss?: string; sub?: unknown };
  if (typeof sub !== "string") throw new Error("The token names no user");
  return `taskward of ${sub} at ${iss}`;
}
