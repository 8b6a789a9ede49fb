import type { Taskward } from "../client.js";
import type { List, ListChanges, ListDeletionOptions, Member, Membership, NewList, Role, Space } from "../types.js";
import { Database, type Changed } from "./database.js";
import { IndexedDBStorage } from "./indexeddb.js";
import { LocalObjects, LocalTasks, type Writer } from "./objects.js";
import { RoleError, StoreClearedError } from "./owner.js";
import { lastConfirmed } from "./queue.js";
import { keyOf, type Conflict, type Fields, type NewWrite, type StoredObject, type Write } from "./records.js";
import { MemoryStorage, type Storage } from "./storage.js";
import { Synchronizer, type Source, type SyncState } from "./sync.js";
import { Tabs } from "./tabs.js";
import { byKey, isStored, View } from "./view.js";

export interface StoreOptions {
  client: Taskward;
  /** Names the database in the browser, so it should have the id of the user. Without it, data is kept in memory. */
  name?: string;
  /** The storage, in place of IndexedDB. */
  storage?: Storage;
  /** The id of a space: the store has what belongs to it. Without it, what belongs to the user. */
  space?: string;
}

/** What `Stores` adds to the options. */
export interface SharedOptions extends StoreOptions {
  hasMemberships?: boolean;
  changed?: Source["changed"];
}

/** The tasks and lists of one owner, a user or a space, on this device: read and written at once, synchronized when there is a network. */
export class Store {
  readonly tasks: LocalTasks;
  readonly lists: LocalObjects<List, NewList, ListChanges, ListDeletionOptions & { tasks: "delete" | "keep" }>;
  readonly #source: Source;
  readonly #database: Database;
  readonly #sync: Synchronizer;
  readonly #tabs: Tabs;
  readonly #listeners = new Set<() => void>();
  #version: number | undefined;
  #objects = new Map<string, StoredObject>();
  #writes: Write[] = [];
  #conflicts: Conflict[] = [];
  #view = new View([], [], "");
  #member: string | undefined;
  #last: Promise<unknown> = Promise.resolve();
  #isClosed = false;
  #state: SyncState = "stopped";
  #error: unknown;
  #running: { ending: AbortController; ended: Promise<void> } | undefined;

  private constructor({ client, name, space, hasMemberships = false, changed }: SharedOptions, storage: Storage) {
    const kinds = space !== undefined ? "tasks,lists,members,space" : hasMemberships ? "tasks,lists,spaces" : "tasks,lists";
    this.#source = { client, space: space === undefined ? undefined : client.space(space), kinds, changed };
    this.#database = new Database(storage, space);
    this.#tabs = new Tabs(name, {
      onChange: (changed) => void this.#onOtherTab(changed),
      onState: (state) => this.#isStarted() && this.#setState(state),
    });
    this.#sync = new Synchronizer(this.#source, this.#database, {
      onChange: (changed) => this.#changed(changed),
      onState: (state, error) => this.#setState(state, error),
    });
    const shared: Pick<Writer<unknown>, "write" | "runInOrder"> = {
      write: (write) => this.#write(write),
      runInOrder: (work) => this.#runInOrder(work),
    };
    const tasks = { ...shared, get: (id: string) => this.#view.tasks.get(id), values: () => this.#view.tasks };
    this.tasks = new LocalTasks(tasks, (id) => this.#restore(id));
    this.lists = new LocalObjects("list", {
      ...shared,
      get: (id) => this.#view.lists.get(id),
      values: () => this.#view.lists,
    });
  }

  /** Opens a store. It has what was stored; `start` synchronizes it. */
  static async open(options: SharedOptions): Promise<Store> {
    const { name } = options;
    const own = () => (name === undefined ? new MemoryStorage() : IndexedDBStorage.open(name));
    const store = new Store(options, options.storage ?? (await own()));
    await store.#refresh();
    return store;
  }

  /** Whether the store is synchronized, by this tab or by another one. */
  get state(): SyncState {
    return this.#state;
  }

  /** The error that led to the state. */
  get error(): unknown {
    return this.#error;
  }

  /** How many writes the service has not confirmed. */
  get pending(): number {
    return this.#writes.filter(({ result, undone }) => result === undefined || undone).length;
  }

  /** The space whose store it is; undefined if it is the user's own, or before the first synchronization. */
  get space(): Space | undefined {
    return this.#values<Space>("space")[0];
  }

  /** The members of the space, those who have left too, whose `role` is null. */
  get members(): Member[] {
    return this.#values("member");
  }

  /** The user as a member of the space. */
  get member(): Member | undefined {
    return this.members.find(({ id }) => id === this.#member);
  }

  /** The role of the user in the space. With the role viewer, each write throws a RoleError. */
  get role(): Role | undefined {
    return this.member?.role ?? undefined;
  }

  /** The spaces that the user is in, of the own store of `Stores`. */
  get memberships(): Membership[] {
    return this.#values("membership");
  }

  /** The writes that were not executed. Each stays until `resolve`. */
  get conflicts(): readonly Conflict[] {
    return this.#conflicts;
  }

  /** Calls a function after each change of the tasks, the lists or the state; returns a function that unsubscribes. */
  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Synchronizes until `stop`. Of several tabs, one synchronizes for all. */
  start(): void {
    if (this.#running !== undefined) return;
    const ending = new AbortController();
    const { signal } = ending;
    const ended = this.#sync.run(signal, (work) => this.#tabs.runExclusively(signal, work)).finally(() => {
      this.#running = undefined;
      if (signal.aborted) this.#setState("stopped", signal.reason instanceof StoreClearedError ? signal.reason : undefined);
      else this.#notify();
    });
    this.#running = { ending, ended };
    this.#tabs.requestState();
  }

  /** Waits until the service has confirmed every write. Rejects if the synchronization ends before. */
  settled(): Promise<void> {
    return new Promise((resolve, reject) => {
      const check = () => {
        if (this.pending > 0 && this.#running !== undefined) return;
        unsubscribe();
        if (this.pending === 0) resolve();
        else reject(this.error instanceof Error ? this.error : new Error("The store is stopped"));
      };
      const unsubscribe = this.subscribe(check);
      check();
    });
  }

  /** Ends the synchronization. Writes are queued from then on. */
  async stop(): Promise<void> {
    this.#running?.ending.abort();
    await this.#running?.ended;
  }

  /** Ends everything, and closes the storage. */
  async close(): Promise<void> {
    await this.stop();
    this.#isClosed = true;
    this.#tabs.close();
    this.#database.close();
  }

  /**
   * Ends a conflict: `theirs` drops the write, `mine` executes it for the object as it is now. An object that is gone
   * does not come back with its id, unless it is restored from the trash: create another one, from `conflict.mine`.
   */
  async resolve(conflict: Conflict, keep: "mine" | "theirs"): Promise<void> {
    if (keep === "mine" && conflict.reason === "gone") throw new Error("The object is gone: create another one");
    if (keep === "mine") this.#checkWritable();
    await this.#database.resolve(conflict.id, keep);
    await this.#changed();
    this.#sync.wake();
  }

  /**
   * Deletes everything on this device, unsent writes too. The service keeps what it has. The stores of other tabs end:
   * their state is `stopped`, their error a StoreClearedError, and they cannot be started again.
   */
  async clear(): Promise<void> {
    await this.stop();
    await this.#database.clear();
    this.#setState("stopped");
    await this.#changed();
  }

  /** Deletes what is stored of a space that the user is not in any more. What was not sent stays, as conflicts. */
  async leave(): Promise<void> {
    await this.stop();
    await this.#database.leave({ code: "NOT_FOUND", message: "Space not found", details: [] });
    await this.#changed();
    this.#setState("removed");
  }

  /**
   * Returns whether the object of a write, which the service did not find, is in this store. It is not as long as it is in
   * the state that was written to: then the feed has not delivered the deletion yet.
   */
  hasAgain({ kind, id, ifMatch }: Write): boolean {
    const object = this.#objects.get(keyOf(kind, id));
    return object !== undefined && object.etag !== ifMatch;
  }

  #runInOrder<Result>(work: () => Promise<Result>): Promise<Result> {
    const run = this.#last.then(work);
    this.#last = run.catch(() => undefined);
    return run;
  }

  async #write(write: NewWrite): Promise<void> {
    this.#checkWritable();
    if (!this.#database.hasOwner) await this.#sync.setOwner();
    const { kind, id } = write;
    const object = this.#objects.get(keyOf(kind, id));
    const stored = isStored(object) ? object : undefined;
    const shown = (lastConfirmed(this.#writes, kind, id, stored) ?? stored)?.etag;
    await this.#database.enqueue({ ...write, body: this.#withAssignee(write.body) }, shown);
    await this.#changed();
    this.#sync.wake();
  }

  /** Returns the fields with the user's id as a member in place of `me`. */
  #withAssignee(body: Fields): Fields {
    return body["assigned_to"] === "me" && this.#member !== undefined ? { ...body, assigned_to: this.#member } : body;
  }

  #checkWritable(): void {
    if (this.#state === "other-user") throw this.#error;
    if (this.#state === "removed") throw new RoleError("You are not in this space any more");
    if (this.role === "viewer") throw new RoleError("Your role in this space does not allow this");
  }

  #values<Value>(kind: StoredObject["kind"]): Value[] {
    return [...this.#objects.values()].filter((one) => one.kind === kind).map(({ value }) => value as Value);
  }

  async #restore(id: string): Promise<void> {
    this.#checkWritable();
    await this.#last; // the deletion may be among what is being stored
    if (!(await this.#database.takeBack(id))) {
      const { etag } = await (this.#source.space ?? this.#source.client).trash.restore(id);
      await this.#database.restored(id, etag);
    }
    await this.#changed();
    this.#sync.wake();
  }

  /** Updates the view after a change of the storage, here and in the other tabs. */
  async #changed(changed?: Changed): Promise<void> {
    await this.#refresh(changed);
    this.#tabs.notifyOfChange(changed);
  }

  /** Updates the view after a change by another tab, and sends its writes. */
  async #onOtherTab(changed?: Changed): Promise<void> {
    try {
      await this.#refresh(changed);
      this.#sync.wake();
    } catch (error) {
      if (!this.#isClosed) this.#setState(this.#state, error);
    }
  }

  async #refresh(changed?: Changed): Promise<void> {
    const snapshot = await this.#database.read(this.#version, changed);
    const { version, keys, objects, writes, conflicts, user, isCleared } = snapshot;
    const read = byKey(objects);
    if (keys === "all") this.#objects = read;
    else for (const key of keys) replace(this.#objects, key, read.get(key));
    this.#version = version;
    this.#writes = writes;
    this.#conflicts = conflicts;
    this.#member = snapshot.member;
    if (snapshot.isRemoved && this.#running === undefined) this.#state = "removed";
    this.#view = new View(this.#objects.values(), writes, user);
    if (isCleared) this.#running?.ending.abort(new StoreClearedError("Another store has deleted what was stored"));
    this.#notify();
  }

  #isStarted(): boolean {
    return this.#running !== undefined;
  }

  #setState(state: SyncState, error?: unknown): void {
    this.#state = state;
    this.#error = error;
    this.#tabs.notifyOfState(state);
    this.#notify();
  }

  #notify(): void {
    for (const listener of this.#listeners) listener();
  }
}

function replace(objects: Map<string, StoredObject>, key: string, stored: StoredObject | undefined): void {
  if (stored === undefined) objects.delete(key);
  else objects.set(key, stored);
}
