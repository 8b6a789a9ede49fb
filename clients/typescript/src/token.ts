/**
 * A token, or a function that returns one. The function is called before the first request, and again with
 * `renew: true` once the service has rejected the token that it returned last.
 */
export type TokenSource = string | ((options: { renew: boolean }) => string | Promise<string>);

/** The token in use. Requests that are rejected at the same time share one renewal. */
export class Tokens {
  #current: Promise<string> | undefined;

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
    const { source } = this;
    const requested = Promise.resolve(typeof source === "string" ? source : Promise.resolve().then(() => source({ renew })));
    requested.catch(() => {
      if (this.#current === requested) this.#current = undefined; // the next call requests it again
    });
    return requested;
  }
}
