import type { Taskward } from "../client.js";
import { Database } from "./database.js";
import { IndexedDBStorage } from "./indexeddb.js";
import type { Conflict } from "./records.js";
import { MemoryStorage, type Storage } from "./storage.js";
import { Store } from "./store.js";
import { SpaceWatch } from "./watch.js";

export interface StoresOptions {
  client: Taskward;
  /** Names the databases in the browser, so it should have the id of the user. Without it, data is kept in memory. */
  name?: string;
  /** Returns the storage of a space, or without one that of the user's own, in place of IndexedDB. */
  storage?: (space?: string) => Storage | Promise<Storage>;
  /** Is called when the user is not in a space any more. Its data has been deleted from this device. */
  onLost?: (lost: LostSpace) => void;
}

/** A space that the user is not in any more. */
export interface LostSpace {
  space: string;
  /** Its title, if it was known. */
  title: string | undefined;
  /** The writes that were not sent. They stay in the store of the space until each is resolved. */
  unsent: readonly Conflict[];
}

interface Replica {
  store: Store;
  title: string | undefined;
  /** When the user joined, as the own feed has it, when its synchronization was last started. */
  joinedAt: string | undefined;
  isLost: boolean;
}

/** A store for the user's own tasks, and one for each space that the user is in. */
export class Stores {
  /** The user's own tasks and lists. */
  readonly own: Store;
  readonly #replicas = new Map<string, Replica>();
  readonly #listeners = new Set<() => void>();
  readonly #watch: SpaceWatch;
  #registry: Database;
  #watching: AbortController | undefined;
  #last: Promise<unknown> = Promise.resolve();
  #isClosed = false;

  private constructor(
    private readonly options: StoresOptions,
    private readonly storage: Storage,
    own: Store,
  ) {
    this.own = own;
    this.#registry = new Database(storage);
    this.#watch = new SpaceWatch(options.client);
    own.subscribe(() => this.#onChange());
  }

  /** Opens all stores that are on this device. They have what was stored; `start` synchronizes them. */
  static async open(options: StoresOptions): Promise<Stores> {
    const { client, name } = options;
    const storage = await storageOf(options);
    const own = await Store.open({ client, storage, hasMemberships: true, ...(name !== undefined && { name }) });
    const stores = new Stores(options, storage, own);
    await stores.#runInOrder(() => stores.#openKnown());
    return stores;
  }

  /** The stores of the spaces, by the ids of the spaces. */
  get spaces(): ReadonlyMap<string, Store> {
    return new Map([...this.#replicas].map(([space, { store }]) => [space, store]));
  }

  /** Calls a function after each change of a store, or of the spaces; returns a function that unsubscribes. */
  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Synchronizes all stores until `stop`; spaces that the user joins meanwhile, too. */
  start(): void {
    if (this.#watching !== undefined) return;
    this.#watching = new AbortController();
    void this.#watch.run(this.#watching.signal);
    this.own.start();
    for (const replica of this.#replicas.values()) if (!replica.isLost) replica.store.start();
    this.#onChange();
  }

  /** Ends the synchronization. Writes are queued from then on. */
  async stop(): Promise<void> {
    this.#watching?.abort();
    this.#watching = undefined;
    await this.#last;
    await Promise.all(this.#all().map((store) => store.stop()));
  }

  /** Ends everything, and closes the storages. */
  async close(): Promise<void> {
    await this.stop();
    this.#isClosed = true;
    await Promise.all(this.#all().map((store) => store.close()));
  }

  /** Deletes everything on this device, unsent writes too. The service keeps what it has. */
  async clear(): Promise<void> {
    await this.stop();
    for (const { store } of this.#replicas.values()) {
      await store.clear();
      await store.close();
    }
    this.#replicas.clear();
    await this.own.clear();
    this.#registry = new Database(this.storage);
    this.#notify();
  }

  /**
   * Returns the store that has the object of a conflict: the one of another owner, if it was moved there from the owner that
   * it was written to, or that of the same owner, if it was restored meanwhile.
   */
  movedTo({ reason, write }: Conflict): Store | undefined {
    if (reason !== "gone") return undefined;
    return this.#all().find((store) => store.hasAgain(write));
  }

  #all(): Store[] {
    return [this.own, ...[...this.#replicas.values()].map(({ store }) => store)];
  }

  /** Opens the stores of the spaces whose data is on this device. */
  async #openKnown(): Promise<void> {
    const joined = this.#joined();
    for (const space of await this.#registry.spaces()) await this.#open(space, joined.get(space));
    await this.#reconcile();
  }

  #onChange(): void {
    if (this.#isClosed) return;
    for (const [space, replica] of this.#replicas) this.#check(space, replica);
    if (this.#hasToReconcile()) void this.#runInOrder(() => this.#reconcile()).catch(() => undefined);
    this.#notify();
  }

  /** Notifies the app once of a space that is lost, and of what was not sent. */
  #check(space: string, replica: Replica): void {
    const { store } = replica;
    replica.title = store.space?.title ?? replica.title;
    const isLost = store.state === "removed" || (replica.isLost && store.state !== "live");
    if (isLost && !replica.isLost) {
      const unsent = store.conflicts.filter(({ reason }) => reason === "removed");
      this.options.onLost?.({ space, title: replica.title, unsent });
    }
    replica.isLost = isLost;
    if (isLost && !this.#joined().has(space)) replica.joinedAt = undefined;
  }

  /** Returns whether the stores are not those of the spaces that the user is in. */
  #hasToReconcile(): boolean {
    const joined = this.#joined();
    const isNew = [...joined.keys()].some((space) => !this.#replicas.has(space));
    return isNew || [...this.#replicas].some((entry) => this.#stepFor(entry[1], joined.get(entry[0])) !== undefined);
  }

  /** Returns when the user has joined each space. */
  #joined(): Map<string, string> {
    return new Map(this.own.memberships.map(({ space_id, joined_at }) => [space_id, joined_at]));
  }

  #stepFor({ store, joinedAt, isLost }: Replica, joined: string | undefined): "leave" | "forget" | "start" | undefined {
    if (isLost && joined !== undefined && joined !== joinedAt && this.#watching !== undefined) return "start"; // joined again
    if (isLost) return store.conflicts.length === 0 && joined === undefined ? "forget" : undefined;
    return joined === undefined && this.#isKnown() ? "leave" : undefined;
  }

  /** Whether the own store has been synchronized, so that it has the spaces of the user. */
  #isKnown(): boolean {
    return this.own.state === "live";
  }

  async #reconcile(): Promise<void> {
    if (this.#isClosed) return;
    const joined = this.#joined();
    for (const [space, joinedAt] of joined) {
      if (this.#replicas.has(space)) continue;
      await this.#registry.setSpace(space, true);
      await this.#open(space, joinedAt);
    }
    for (const [space, replica] of this.#replicas) {
      const step = this.#stepFor(replica, joined.get(space));
      if (step === "leave") await replica.store.leave();
      if (step === "forget") await this.#forget(space, replica);
      if (step !== "start") continue;
      replica.joinedAt = joined.get(space);
      replica.store.start();
    }
    this.#notify();
  }

  async #open(space: string, joinedAt?: string): Promise<void> {
    const { client, name } = this.options;
    const changed = (signal: AbortSignal | undefined) => this.#watch.next(space, signal);
    const storage = await storageOf(this.options, space);
    const own = name === undefined ? {} : { name: nameOf(name, space) };
    const store = await Store.open({ client, space, storage, changed, ...own });
    const isLost = store.state === "removed";
    this.#replicas.set(space, { store, title: store.space?.title, joinedAt: isLost ? undefined : joinedAt, isLost });
    store.subscribe(() => this.#onChange());
    if (this.#watching !== undefined && !isLost) store.start();
  }

  async #forget(space: string, { store }: Replica): Promise<void> {
    this.#replicas.delete(space);
    await store.close();
    await this.#registry.setSpace(space, false);
  }

  #runInOrder(work: () => Promise<void>): Promise<void> {
    const run = this.#last.then(work);
    this.#last = run.catch(() => undefined);
    return run;
  }

  #notify(): void {
    for (const listener of this.#listeners) listener();
  }
}

function storageOf({ name, storage }: StoresOptions, space?: string): Storage | Promise<Storage> {
  if (storage !== undefined) return storage(space);
  return name === undefined ? new MemoryStorage() : IndexedDBStorage.open(nameOf(name, space));
}

function nameOf(name: string, space: string | undefined): string {
  return space === undefined ? name : `${name}/${space}`;
}
