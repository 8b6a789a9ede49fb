import type { Taskward } from "../client.js";

/** Watches which spaces have changed, all by one event stream, as browsers open few connections at once. */
export class SpaceWatch {
  readonly #states = new Map<string, string>();
  readonly #waiting = new Map<string, Set<() => void>>();
  #onFirst: () => void = () => undefined;

  constructor(private readonly client: Taskward) {}

  /** Waits until a space may have changed since the call, or the signal is aborted. */
  next(space: string, signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve) => {
      const end = () => {
        signal?.removeEventListener("abort", end); // which lives longer than the wait
        resolve();
      };
      const waiting = this.#waiting.get(space) ?? new Set();
      this.#waiting.set(space, waiting.add(end));
      signal?.addEventListener("abort", end);
      if (signal?.aborted) end();
      this.#onFirst();
    });
  }

  /** Watches until the signal is aborted, or the token is rejected. It connects once this tab has to know of a space. */
  async run(signal: AbortSignal): Promise<void> {
    await this.#first(signal);
    try {
      for await (const step of this.client.spaces.follow({ signal })) {
        if (step.type === "offline") this.#wakeAll();
        else this.#receive(step.space_id, "state" in step ? step.state : undefined);
      }
    } catch {
      this.#wakeAll();
    }
  }

  #first(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      this.#onFirst = resolve;
      signal.addEventListener("abort", () => resolve(), { once: true });
      if (signal.aborted || this.#waiting.size > 0) resolve();
    });
  }

  #receive(space: string, state: string | undefined): void {
    if (state !== undefined && this.#states.get(space) === state) return;
    if (state === undefined) this.#states.delete(space);
    else this.#states.set(space, state);
    this.#wake(space);
  }

  /** Each space is tried by itself, and has the error. */
  #wakeAll(): void {
    for (const space of this.#waiting.keys()) this.#wake(space);
  }

  #wake(space: string): void {
    const waiting = this.#waiting.get(space) ?? [];
    this.#waiting.delete(space);
    for (const end of waiting) end();
  }
}
