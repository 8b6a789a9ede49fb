import { Backoff, sleep } from "../backoff.js";
import type { Taskward } from "../client.js";
import { ApiError, isAboutToken } from "../errors.js";

/** Milliseconds between two reads of the states of the spaces. */
const INTERVAL = 3000;
const MAX_RETRY_DELAY = 30_000;

/** Watches which spaces have changed, all with one request, as browsers open few connections at once. */
export class SpaceWatch {
  readonly #states = new Map<string, string>();
  readonly #waiting = new Map<string, Set<() => void>>();

  constructor(private readonly client: Taskward) {}

  /** Waits until a space may have changed since the call, or the signal is aborted. */
  next(space: string, signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve) => {
      const waiting = this.#waiting.get(space) ?? new Set();
      this.#waiting.set(space, waiting.add(resolve));
      signal?.addEventListener("abort", () => resolve(), { once: true });
      if (signal?.aborted) resolve();
    });
  }

  /** Watches until the signal is aborted, or the token is rejected. */
  async run(signal: AbortSignal): Promise<void> {
    const backoff = new Backoff(INTERVAL, MAX_RETRY_DELAY);
    let ifNoneMatch: string | undefined;
    while (!signal.aborted) {
      let delay = INTERVAL;
      try {
        const all = await this.client.spaces.list({ signal, ...(ifNoneMatch !== undefined && { ifNoneMatch }) });
        if (all !== undefined) this.#receive(new Map(all.spaces.map(({ space, state }) => [space.id, state])));
        ifNoneMatch = all?.etag ?? ifNoneMatch;
        backoff.reset();
      } catch (error) {
        if (signal.aborted) return;
        this.#wakeAll(); // each tries by itself, and has the error
        if (isAboutToken(error)) return;
        delay = backoff.next(error instanceof ApiError ? (error.retryAfter ?? 0) * 1000 : 0);
      }
      await sleep(delay, signal).catch(() => undefined);
    }
  }

  #receive(states: ReadonlyMap<string, string>): void {
    for (const space of new Set([...this.#states.keys(), ...states.keys()])) {
      if (this.#states.get(space) !== states.get(space)) this.#wake(space);
    }
    this.#states.clear();
    for (const [space, state] of states) this.#states.set(space, state);
  }

  #wakeAll(): void {
    for (const space of this.#waiting.keys()) this.#wake(space);
  }

  #wake(space: string): void {
    const waiting = this.#waiting.get(space) ?? [];
    this.#waiting.delete(space);
    for (const resolve of waiting) resolve();
  }
}
