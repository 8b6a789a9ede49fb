import { ApiError, NetworkError, Taskward, type TokenSource } from "@taskward/client";

const TOKEN = "taskward.token";
const SESSION = "taskward.session";
/** Which user of development this device is of, if it is not the first. */
const DEVELOPER = "taskward.developer";

/** The database on this device. It is of one user at a time, and its name does not tell who that is. */
export const DATABASE = "taskward-app";
/** Earlier versions had a database for each user, named after issuer and subject. */
const OLD_DATABASES = "taskward of ";

/**
 * From the first sign-in on this device until a sign-out. Without a token of its own, a window shows what is stored on
 * the device, and asks for one.
 */
export interface Session {
  /** Whether the service issues the token, which it does only in development. */
  isDevelopment: boolean;
}

/** The id of the session that this page is of. All windows read it in `localStorage`; null if there is no session. */
let id = localStorage.getItem(SESSION);

/** Returns the session; undefined if nobody is signed in on this device. */
export async function currentSession(): Promise<Session | undefined> {
  const user = new URLSearchParams(location.search).get("user");
  if (user !== null) {
    localStorage.setItem(DEVELOPER, user);
    history.replaceState(null, "", `/${location.hash}`);
  }
  // A token is of one session: another window may have ended it while this one was not open.
  if (sessionStorage.getItem(SESSION) !== id) forgetToken();
  if (sessionStorage.getItem(TOKEN) !== null) return { isDevelopment: false };
  const isDevelopment = await developmentToken().then((token) => token !== undefined, () => false); // no network
  if (isDevelopment) joinSession();
  return id === null ? undefined : { isDevelopment };
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
 * Stores a token of the identity provider for this window.
 *
 * Throws an error if it is not a JSON Web Token.
 */
export async function signIn(token: string): Promise<void> {
  await new Taskward({ token }).identity();
  joinSession();
  sessionStorage.setItem(TOKEN, token);
}

/** Removes the token of this window; returns whether there was one. */
export function forgetToken(): boolean {
  const had = sessionStorage.getItem(TOKEN) !== null;
  sessionStorage.removeItem(TOKEN);
  sessionStorage.removeItem(SESSION);
  return had;
}

/** Ends the session, in all windows. */
export function endSession(): void {
  forgetToken();
  localStorage.removeItem(SESSION);
}

/** Returns the page for a second user of development: the other name of this machine, so that nothing is shared. */
export function secondUserLink(): string | undefined {
  const { hostname, port, protocol } = location;
  const other = { "127.0.0.1": "localhost", localhost: "127.0.0.1" }[hostname];
  const user = localStorage.getItem(DEVELOPER) === "second" ? "first" : "second";
  return other === undefined ? undefined : `${protocol}//${other}:${port}/?user=${user}`;
}

/** Ends the session in the other windows, and begins another one with the token of this window. */
export function replaceSession(): void {
  localStorage.setItem(SESSION, crypto.randomUUID());
  sessionStorage.setItem(SESSION, localStorage.getItem(SESSION) ?? "");
}

/** Returns whether the session of this page has not ended. */
export function isCurrent(): boolean {
  return localStorage.getItem(SESSION) === id;
}

/** Calls a function once another window has ended the session of this page, or has begun one. */
export function onOtherSession(listener: () => void): void {
  for (const type of ["storage", "pageshow"]) addEventListener(type, () => !isCurrent() && listener());
}

/** Deletes what is stored on this device for other users than that of the session. */
export async function deleteOldDatabases(session: Session | undefined): Promise<void> {
  for (const { name = "" } of await indexedDB.databases()) {
    const isOurs = name === DATABASE || name.startsWith(`${DATABASE}/`);
    const isOld = name.startsWith(OLD_DATABASES) || (isOurs && session === undefined);
    if (isOld) indexedDB.deleteDatabase(name);
  }
}

function joinSession(): void {
  id ??= localStorage.getItem(SESSION) ?? crypto.randomUUID();
  localStorage.setItem(SESSION, id);
  sessionStorage.setItem(SESSION, id);
}

/** Returns a token of the service, or undefined if it issues none for this page: docs/web-app.md. */
async function developmentToken(): Promise<string | undefined> {
  const user = localStorage.getItem(DEVELOPER);
  const query = user === null ? "" : `?user=${encodeURIComponent(user)}`;
  const response = await fetch(`/app/session${query}`, { method: "POST", cache: "no-store" }).catch((cause: unknown) => {
    throw new NetworkError("There is no response to the request for a session", { cause });
  });
  if (response.ok) return ((await response.json()) as { token: string }).token;
  await response.body?.cancel();
  if (response.status === 404) return undefined;
  throw new Error(`The session has status ${response.status}`);
}
