import { ApiError, NetworkError, Taskward, type TokenSource } from "@taskward/client";
import { Drafts } from "./drafts.js";
import { Provider, takeAnswer, type Tokens } from "./provider.js";

const TOKEN = "taskward.token";
/** What an identity provider has issued, with the token. */
const ISSUED = "taskward.issued";
const SESSION = "taskward.session";
/** Which user of development this device is of, if it is not the first. */
const DEVELOPER = "taskward.developer";

/** Milliseconds that a sign-out waits for the provider. */
const END_TIMEOUT = 5000;

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
let id: string | null = null;

/** Reads which session this page is of. Throws an error if the browser stores nothing for this site. */
export function readSession(): void {
  id = localStorage.getItem(SESSION);
}

/** Returns the session; undefined if nobody is signed in on this device. */
export async function currentSession(): Promise<Session | undefined> {
  const user = new URLSearchParams(location.search).get("user");
  if (user !== null) {
    localStorage.setItem(DEVELOPER, user);
    history.replaceState(null, "", `/${location.hash}`);
  }
  // A token is of one session: another window may have ended it while this one was not open.
  const known = sessionStorage.getItem(SESSION);
  if (known !== id) forgetToken();
  if (known !== null && known !== id) Drafts.forget();
  if (sessionStorage.getItem(TOKEN) !== null) return { isDevelopment: false };
  const isDevelopment = await developmentToken().then((token) => token !== undefined, () => false); // no network
  if (isDevelopment) joinSession();
  return id === null ? undefined : { isDevelopment };
}

/** Returns the token of the session; with `renew`, after the service has rejected it, a new one if there is one. */
export const token: TokenSource = async ({ renew }) => {
  const stored = sessionStorage.getItem(TOKEN);
  if (stored !== null && !renew) return stored;
  const found = (await renewed()) ?? stored ?? (await developmentToken());
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

/** Signs in with the answer of the provider in the address of this page, if there is one; returns the error. */
export async function completeSignIn(): Promise<string | undefined> {
  const taken = takeAnswer();
  if (taken === undefined) return undefined;
  try {
    const provider = await Provider.ofService();
    const issued = await provider?.complete(taken.answer, taken.started);
    if (issued === undefined) return "This service has no identity provider any more.";
    await signIn(issued.token);
    sessionStorage.setItem(ISSUED, JSON.stringify(issued));
    return undefined;
  } catch (error) {
    return `The sign-in did not succeed: ${error instanceof Error ? error.message : String(error)}`;
  }
}

/** Removes the token of this window; returns whether there was one. */
export function forgetToken(): boolean {
  const had = sessionStorage.getItem(TOKEN) !== null;
  for (const name of [TOKEN, ISSUED, SESSION]) sessionStorage.removeItem(name);
  return had;
}

/** Ends the session, in all windows; returns the page that ends that of the provider, if it has one. */
export async function endSession(): Promise<string | undefined> {
  const issued = issuedTokens();
  forgetToken();
  localStorage.removeItem(SESSION);
  if (issued === undefined) return undefined;
  // The session has ended here, whether the provider answers or not.
  const ended = Provider.ofService().then((provider) => provider?.end(issued)).catch(() => undefined);
  return await Promise.race([ended, new Promise<undefined>((resolve) => setTimeout(resolve, END_TIMEOUT))]);
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

function issuedTokens(): Tokens | undefined {
  const stored = sessionStorage.getItem(ISSUED);
  return stored === null ? undefined : (JSON.parse(stored) as Tokens);
}

let renewing: Promise<string | undefined> | undefined;

/** Returns a new token of the provider; undefined if it issues none. A refresh token is often valid once, so requests wait for one renewal. */
function renewed(): Promise<string | undefined> {
  renewing ??= renew().finally(() => (renewing = undefined));
  return renewing;
}

async function renew(): Promise<string | undefined> {
  const issued = issuedTokens();
  if (issued === undefined) return undefined;
  const provider = Provider.ofService().then((found) => found?.renew(issued));
  const tokens = await provider.catch((cause: unknown) => {
    throw new NetworkError("The identity provider does not answer", { cause });
  });
  if (tokens === undefined) {
    sessionStorage.removeItem(ISSUED);
    return undefined;
  }
  sessionStorage.setItem(ISSUED, JSON.stringify(tokens));
  sessionStorage.setItem(TOKEN, tokens.token);
  return tokens.token;
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
