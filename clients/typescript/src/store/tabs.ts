import type { Changed } from "./database.js";

/** The tabs of a browser that share one storage: one of them synchronizes, and each hears what another has changed. */
export class Tabs {
  readonly #channel: BroadcastChannel | undefined;
  readonly #locks: LockManager | undefined;

  constructor(
    private readonly name: string | undefined,
    onChange: (changed: Changed | undefined) => void,
  ) {
    if (name === undefined) return;
    this.#locks = globalThis.navigator?.locks;
    if (typeof BroadcastChannel === "undefined") return;
    this.#channel = new BroadcastChannel(name);
    this.#channel.onmessage = ({ data }: MessageEvent<Changed | null>) => onChange(data ?? undefined);
    // In Node.js an open channel would keep the process from ending.
    (this.#channel as { unref?: () => void }).unref?.();
  }

  /** Tells the other tabs that writes have changed, and which objects. */
  announce(changed: Changed | undefined): void {
    this.#channel?.postMessage(changed);
  }

  /**
   * Runs `work` once no other tab does. A browser that lacks what that needs runs it in each tab; then they only do
   * the same work twice, because each step is checked against the storage.
   */
  async alone(signal: AbortSignal, work: () => Promise<void>): Promise<void> {
    if (this.name === undefined || this.#channel === undefined || this.#locks === undefined) return await work();
    await this.#locks.request(this.name, { signal }, work);
  }

  close(): void {
    this.#channel?.close();
  }
}
