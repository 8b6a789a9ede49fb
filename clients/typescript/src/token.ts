import { ApiError, OtherUserError } from "./errors.js";

/**
 * A token, or a function that returns one. The function is called before the first request, and again with
 * `renew: true` once the service has rejected the token that it returned last.
 */
export type TokenSource = string | ((options: { renew: boolean }) => string | Promise<string>);

/** The error of `fetch` would name all of another text. */
const VISIBLE_ASCII = /^[!-~]*$/;

/** The token in use, always of the same user. Requests that are rejected at the same time share one renewal. */
export class Tokens {
  #current: Promise<string> | undefined;
  #identity: string | undefined;

  constructor(private readonly source: TokenSource) {}

  get(): Promise<string> {
    return (this.#current ??= this.#request(false));
  }

  /** Returns the token to use after `rejected` was rejected, or undefined if there is no other one. */
  async renewed(rejected: string): Promise<string | undefined> {
    if (typeof this.source === "string") return undefined;
    const current = this.#current;
    const known = await current?.catch(() => undefined);
    // Only the first of several requests with the same rejected token renews it.
    if (this.#current === current && known === rejected) this.#current = this.#request(true);
    const token = await this.get();
    return token === rejected ? undefined : token;
  }

  #request(renew: boolean): Promise<string> {
    const requested = this.#ask(renew);
    requested.catch(() => {
      if (this.#current === requested) this.#current = undefined; // the next call requests it again
    });
    return requested;
  }

  async #ask(renew: boolean): Promise<string> {
    const given = typeof this.source === "string" ? this.source : await this.source({ renew });
    const token = given.trim(); // of a file it ends with a line break
    if (!VISIBLE_ASCII.test(token)) {
      if (!renew && typeof this.source !== "string") return await this.#ask(true); // the source may have kept the text
      throw invalidToken("The token must be visible ASCII characters");
    }
    const identity = identityOf(token);
    if (this.#identity !== undefined && identity !== this.#identity) {
      throw new OtherUserError("The token is of another user than the one before: make a client for each user");
    }
    this.#identity = identity;
    return token;
  }
}

/** Returns the error with which the service rejects a token. */
export function invalidToken(error: string): ApiError {
  return new ApiError(new Response(null, { status: 401 }), { error, code: "INVALID_TOKEN" });
}

/**
 * Returns a text that identifies the user of a token: of a JSON Web Token by its issuer and subject, of an access token
 * by the id in it; undefined if it names no user. The token is not verified here, but by the service.
 */
export function identityOf(token: string): string | undefined {
  try {
    // The first 16 bytes of an access token are the id of its user.
    if (token.startsWith("twp_")) return JSON.stringify([btoa(decoded(token.slice(4, 28)).slice(0, 16))]);
    const payload = decoded(token.split(".")[1] ?? "");
    const text = new TextDecoder().decode(Uint8Array.from(payload, (one) => one.charCodeAt(0)));
    const { iss = "", sub } = JSON.parse(text) as { iss?: unknown; sub?: unknown };
    return typeof sub === "string" && sub !== "" ? JSON.stringify([iss, sub]) : undefined;
  } catch {
    return undefined;
  }
}

/** Returns the bytes of base64url, each as a character. */
function decoded(text: string): string {
  return atob(text.replaceAll("-", "+").replaceAll("_", "/"));
}
