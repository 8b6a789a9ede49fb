import { ApiError } from "./errors.js";

/** Exponential backoff with jitter, so that many clients do not retry at the same moment. */
export class Backoff {
  #failures = 0;

  constructor(
    private readonly min: number,
    private readonly max: number,
  ) {}

  /** Returns how many milliseconds to wait after one more failure, at least `atLeast`. */
  next(atLeast = 0): number {
    const wait = Math.min(this.max, this.min * 2 ** this.#failures);
    this.#failures += 1;
    return Math.max(atLeast, wait * (0.5 + Math.random() / 2));
  }

  reset(): void {
    this.#failures = 0;
  }
}

/** Waits; rejects with the reason of the signal once it is aborted. */
export function sleep(milliseconds: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    const abort = () => {
      clearTimeout(timer);
      reject(signal?.reason as Error);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", abort);
      resolve();
    }, milliseconds);
    signal?.addEventListener("abort", abort, { once: true });
  });
}

/** Waits; in a browser that comes online again, or if the signal is aborted, no longer. */
export async function sleepUntilOnline(milliseconds: number, signal?: AbortSignal): Promise<void> {
  const online = new AbortController();
  const wake = () => online.abort();
  globalThis.addEventListener?.("online", wake);
  const signals = signal === undefined ? [online.signal] : [online.signal, signal];
  await sleep(milliseconds, AbortSignal.any(signals)).catch(() => undefined);
  globalThis.removeEventListener?.("online", wake);
}

const MIN_RECONNECT_DELAY = 1000;
const MAX_RECONNECT_DELAY = 30_000;

/** The waits between the attempts of a connection that is opened again whenever it ends. */
export class Reconnection {
  readonly #backoff = new Backoff(MIN_RECONNECT_DELAY, MAX_RECONNECT_DELAY);
  #retryAfter = 0;
  #delay = 0;

  /** Notes that it has ended, by an error or without; returns how many milliseconds `wait` takes. */
  ended(error?: unknown): number {
    this.#retryAfter = error instanceof ApiError ? (error.retryAfter ?? 0) * 1000 : 0;
    return (this.#delay = this.#backoff.next(this.#retryAfter));
  }

  /** Waits; in a browser that comes online again no longer, unless the service has sent a Retry-After. */
  wait(signal: AbortSignal | undefined): Promise<void> {
    if (this.#retryAfter > 0) return sleep(this.#delay, signal).catch(() => undefined);
    return sleepUntilOnline(this.#delay, signal);
  }

  succeeded(): void {
    this.#backoff.reset();
  }
}
