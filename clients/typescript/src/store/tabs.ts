import type { Changed } from "./database.js";
import type { SyncState } from "./sync.js";

export interface TabEvents {
  /** Another tab has changed the storage. */
  onChange(changed: Changed | undefined): void;
  /** The state of the tab that synchronizes has changed. */
  onState(state: SyncState): void;
}

type Message = { type: "changed"; changed: Changed | undefined } | { type: "state"; state: SyncState } | { type: "state-request" };

/** Coordinates the tabs that share a storage: one of them synchronizes, and each is notified of the changes of others. */
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

  /** Requests the state of the tab that synchronizes. */
  requestState(): void {
    this.#send({ type: "state-request" });
  }

  /** Notifies the other tabs that writes, and these objects, have changed. */
  notifyOfChange(changed: Changed | undefined): void {
    this.#send({ type: "changed", changed });
  }

  /** Sends the state of the synchronization to the other tabs, if this tab runs it. */
  notifyOfState(state: SyncState): void {
    if (this.#state === undefined) return;
    this.#state = state;
    // The other states are about the token of this tab alone.
    if (state === "connecting" || state === "live" || state === "offline") this.#send({ type: "state", state });
  }

  /**
   * Runs `work` while no other tab runs it. A browser without Web Locks or BroadcastChannel runs it in each tab. That
   * costs requests, but is correct, because each step is checked against the storage.
   */
  async runExclusively(signal: AbortSignal, work: () => Promise<void>): Promise<void> {
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
    else if (message.type === "state-request") this.notifyOfState(this.#state ?? "stopped");
    else if (this.#state === undefined) this.events.onState(message.state);
  }

  #send(message: Message): void {
    this.#channel?.postMessage(message);
  }
}
