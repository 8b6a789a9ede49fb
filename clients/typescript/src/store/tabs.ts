import type { Changed } from "./database.js";
import type { SyncState } from "./sync.js";

export interface TabEvents {
  /** Another tab has stored something. */
  onChange(changed: Changed | undefined): void;
  /** The tab that synchronizes has another state. */
  onState(state: SyncState): void;
}

type Message = { type: "changed"; changed: Changed | undefined } | { type: "state"; state: SyncState } | { type: "asked" };

/** The tabs of a browser that share one storage: one of them synchronizes, and each hears what another has changed. */
export class Tabs {
  readonly #channel: BroadcastChannel | undefined;
  readonly #locks: LockManager | undefined;
  #state: SyncState | undefined;

  constructor(
    private readonly name: string | undefined,
    private readonly events: TabEvents,
  ) {
    if (name === undefined) return;
    this.#locks = globalThis.navigator?.locks;
    if (typeof BroadcastChannel === "undefined") return;
    this.#channel = new BroadcastChannel(name);
    this.#channel.onmessage = ({ data }: MessageEvent<Message>) => this.#receive(data);
    // In Node.js an open channel would keep the process from ending.
    (this.#channel as { unref?: () => void }).unref?.();
  }

  /** Asks the tab that synchronizes for its state. */
  askForState(): void {
    this.#send({ type: "asked" });
  }

  /** Tells the other tabs that writes have changed, and which objects. */
  announce(changed: Changed | undefined): void {
    this.#send({ type: "changed", changed });
  }

  /** Tells the other tabs the state of the synchronization, if this one does it. */
  announceState(state: SyncState): void {
    if (this.#state === undefined) return;
    this.#state = state;
    // A rejected token is that of this tab.
    if (state === "connecting" || state === "live" || state === "offline") this.#send({ type: "state", state });
  }

  /**
   * Runs `work` once no other tab does. A browser that lacks what that needs runs it in each tab; then they only do
   * the same work twice, because each step is checked against the storage.
   */
  async alone(signal: AbortSignal, work: () => Promise<void>): Promise<void> {
    if (this.name === undefined || this.#channel === undefined || this.#locks === undefined) return await work();
    await this.#locks.request(this.name, { signal }, async () => {
      this.#state = "connecting";
      await work().finally(() => (this.#state = undefined));
    });
  }

  close(): void {
    this.#channel?.close();
  }

  #receive(message: Message): void {
    if (message.type === "changed") this.events.onChange(message.changed);
    else if (message.type === "asked") this.announceState(this.#state ?? "stopped");
    else if (this.#state === undefined) this.events.onState(message.state);
  }

  #send(message: Message): void {
    this.#channel?.postMessage(message);
  }
}
