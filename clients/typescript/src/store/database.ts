import type { BatchResult, TaggedMember } from "../types.js";
import { applyOne, followUp, valuesOf, type FeedUpdate } from "./feed-update.js";
import { outcomeOf } from "./outcome.js";
import { checkUser, ownerOf, setOwner, StoreClearedError } from "./owner.js";
import { enqueue, tagFor } from "./queue.js";
import { keyOf, operationOf, type Conflict, type NewWrite, type StoredObject, type Write } from "./records.js";
import { nextNumber, putAside, queueAgain, settleOne } from "./settlement.js";
import type { Storage, Transaction } from "./storage.js";

/** Which objects have changed from the version before, and the version that they have since. */
export interface Changed {
  version: number;
  keys: string[] | "all";
}

export interface Snapshot {
  /** It is increased each time that objects change. */
  version: number;
  /** Those of `keys`. */
  objects: StoredObject[];
  keys: string[] | "all";
  /** Whether another one has deleted what was stored. */
  isCleared: boolean;
  writes: Write[];
  conflicts: Conflict[];
  /** The id of the owner of the objects, as far as it is known. */
  user: string;
  /** The id of the user as a member of the space. */
  member: string | undefined;
  /** Whether the user was removed from the space. */
  isRemoved: boolean;
}

const MAX_OPERATIONS = 100;
/** Characters of JSON; a batch has at most 1 MiB, and a character at most 3 bytes. */
const MAX_LENGTH = 300_000;

/** The data of a store. Each change is one transaction. After a `clear` by another one, each throws a StoreClearedError. */
export class Database {
  #epoch: number | undefined;
  #hasOwner = false;

  /** `space` is the id of the space that the data is of; without it, it is the user's own. */
  constructor(
    private readonly storage: Storage,
    private readonly space?: string,
  ) {}

  /** Whether it is known whose data this is. Without an owner nothing is queued or sent. */
  get hasOwner(): boolean {
    return this.#hasOwner;
  }

  /** Makes a user the owner. Throws an OtherUserError if what is stored is not of that user. */
  async setOwner(identity: string): Promise<void> {
    const owner = this.space === undefined ? identity : `${identity} ${this.space}`;
    await this.#transaction(async (transaction) => {
      await setOwner(transaction, owner);
      if (this.space !== undefined) transaction.put("meta", "user", this.space);
    });
    this.#hasOwner = true;
  }

  /** Returns the objects that are not those of the version that is `known`, and everything else. */
  read(known?: number, changed?: Changed): Promise<Snapshot> {
    return this.storage.transaction(async (transaction) => {
      const epoch = await epochOf(transaction);
      this.#epoch ??= epoch;
      this.#hasOwner ||= (await ownerOf(transaction)) !== undefined;
      const version = await versionOf(transaction);
      const isNext = changed !== undefined && changed.version === version && known === version - 1;
      const keys = known === version ? [] : isNext ? changed.keys : "all";
      return {
        version,
        keys,
        isCleared: epoch !== this.#epoch,
        objects: await objectsOf(transaction, keys),
        writes: await transaction.getAll<Write>("writes"),
        conflicts: await transaction.getAll<Conflict>("conflicts"),
        user: this.space ?? (await transaction.get<string>("meta", "user")) ?? "",
        member: await transaction.get<string>("meta", "member"),
        isRemoved: (await transaction.get<boolean>("meta", "removed")) ?? false,
      };
    });
  }

  queue(): Promise<Write[]> {
    return this.#transaction((transaction) => transaction.getAll<Write>("writes"));
  }

  cursor(): Promise<string | undefined> {
    return this.#transaction((transaction) => transaction.get("meta", "cursor"));
  }

  /** Adds a write of the owner to the queue. `shown` is the entity tag of the object that the app shows. */
  enqueue(write: NewWrite, shown?: string): Promise<void> {
    return this.#transaction(async (transaction) => {
      if ((await ownerOf(transaction)) === undefined) throw new Error("It is not known whose write this is");
      const seq = await nextNumber(transaction);
      const queue = await transaction.getAll<Write>("writes");
      const ifMatch = tagFor(write, queue, await transaction.get("objects", keyOf(write.kind, write.id)), shown);
      const { put, remove } = enqueue(queue, { ...write, seq, ...(ifMatch !== undefined && { ifMatch }) });
      for (const write of put) transaction.put("writes", write.seq, write);
      for (const one of remove) transaction.delete("writes", one);
    });
  }

  /**
   * Returns the writes to send next with the key of their request. The first time they get that key; a repeat, also
   * after a reload, is the same request.
   */
  nextBatch(limit = MAX_OPERATIONS): Promise<{ key: string; writes: Write[] } | undefined> {
    return this.#transaction(async (transaction) => {
      const queue = (await transaction.getAll<Write>("writes")).filter(({ result }) => result === undefined);
      const sent = queue[0]?.batch;
      if (sent !== undefined) return { key: sent, writes: queue.filter(({ batch }) => batch === sent) };
      const key = crypto.randomUUID();
      const writes = firstOf(queue, limit).map((write) => ({ ...write, batch: key }));
      for (const write of writes) transaction.put("writes", write.seq, write);
      return writes.length === 0 ? undefined : { key, writes };
    });
  }

  /** Releases the writes of a request that was refused as a whole, so that other requests send them. */
  split(key: string): Promise<void> {
    return this.#transaction(async (transaction) => {
      for (const { batch, ...write } of await transaction.getAll<Write>("writes")) {
        if (batch !== key || write.result !== undefined) continue;
        if (write.undone) transaction.delete("writes", write.seq);
        else transaction.put("writes", write.seq, write);
      }
    });
  }

  /** Applies the results of a request. Those that another tab has applied are skipped. */
  settle(key: string, writes: readonly Write[], results: readonly BatchResult[]): Promise<void> {
    return this.#transaction(async (transaction) => {
      for (const [n, { seq }] of writes.entries()) {
        const write = await transaction.get<Write>("writes", seq);
        const result = results[n];
        if (result === undefined || write?.batch !== key || write.result !== undefined) continue;
        await settleOne(transaction, write, outcomeOf(write, result));
      }
    });
  }

  /** Moves writes that were refused to the conflicts. */
  refuse(writes: readonly Write[], reason: "rejected" | "role", error: Conflict["error"]): Promise<void> {
    return this.#transaction(async (transaction) => {
      for (const { seq, batch } of writes) {
        const write = await transaction.get<Write>("writes", seq);
        if (write === undefined || write.batch !== batch || write.result !== undefined) continue; // by another tab
        await settleOne(transaction, write, { type: "conflict", reason, error });
      }
    });
  }

  /** Returns the id of the user as a member of the space, if it is known. */
  member(): Promise<string | undefined> {
    return this.#transaction((transaction) => transaction.get("meta", "member"));
  }

  /** Stores the user as a member of the space. */
  setMember({ member, etag }: TaggedMember): Promise<Changed> {
    return this.#transaction(async (transaction) => {
      const key = keyOf("member", member.id);
      transaction.put("meta", "member", member.id);
      transaction.put("objects", key, { kind: "member", value: member, etag } satisfies StoredObject);
      return { version: await nextVersion(transaction), keys: [key] };
    });
  }

  /** Deletes what is stored of a space that the user is not in any more. What was not sent stays, as conflicts. */
  leave(error: Conflict["error"]): Promise<void> {
    return this.#transaction(async (transaction) => {
      await putAside(transaction, error);
      transaction.clear("objects");
      for (const key of ["cursor", "member"]) transaction.delete("meta", key);
      transaction.put("meta", "removed", true);
      await nextVersion(transaction);
    });
  }

  /** Returns the spaces whose data is on this device, as `setSpace` has stored them. */
  spaces(): Promise<string[]> {
    return this.#transaction(async (transaction) => (await transaction.get<string[]>("meta", "spaces")) ?? []);
  }

  /** Adds a space to those whose data is on this device, or removes it. */
  setSpace(space: string, isHere: boolean): Promise<void> {
    return this.#transaction(async (transaction) => {
      const others = ((await transaction.get<string[]>("meta", "spaces")) ?? []).filter((one) => one !== space);
      transaction.put("meta", "spaces", isHere ? [...others, space] : others);
    });
  }

  /** Applies changes of the feed. Returns undefined if the stored cursor is another one than theirs. */
  apply(update: FeedUpdate): Promise<Changed | undefined> {
    return this.#transaction(async (transaction) => {
      if ((await transaction.get("meta", "cursor")) !== update.since) return undefined;
      if (update.isComplete) transaction.clear("objects");
      await checkUser(transaction, valuesOf(update.changes));
      const queue = await transaction.getAll<Write>("writes");
      const delivered = new Map(update.changes.map((change) => [applyOne(transaction, change), change]));
      for (const write of queue) followUp(transaction, write, delivered.get(keyOf(write.kind, write.id)), update.startedAt);
      transaction.put("meta", "cursor", update.cursor);
      transaction.delete("meta", "removed");
      const version = await nextVersion(transaction);
      return { version, keys: update.isComplete ? "all" : [...delivered.keys()] };
    });
  }

  /** Ends a conflict: drops the write, or queues it again for the object as it is now. */
  resolve(id: number, keep: "mine" | "theirs"): Promise<void> {
    return this.#transaction(async (transaction) => {
      const conflict = await transaction.get<Conflict>("conflicts", id);
      if (conflict === undefined) return;
      if (keep === "mine") await queueAgain(transaction, conflict);
      transaction.delete("conflicts", id);
    });
  }

  /**
   * Takes back the deletion of a task into the trash: drops one that was not sent, or was refused, and marks one that
   * was sent as undone. Returns whether there was one that is not confirmed.
   */
  takeBack(id: string): Promise<boolean> {
    return this.#transaction(async (transaction) => {
      const deletion = (await transaction.getAll<Write>("writes")).findLast((write) => isTrashing(write, id));
      const conflict = (await transaction.getAll<Conflict>("conflicts")).find(({ write }) => isTrashing(write, id));
      if (deletion === undefined && conflict !== undefined) transaction.delete("conflicts", conflict.id);
      if (deletion === undefined) return conflict !== undefined;
      if (deletion.batch === undefined) transaction.delete("writes", deletion.seq);
      else if (deletion.result === undefined) transaction.put("writes", deletion.seq, { ...deletion, undone: true });
      return deletion.result === undefined || deletion.undone === true;
    });
  }

  /** Returns the id of a task to restore, because its deletion was taken back after it was sent. */
  nextRestoration(): Promise<string | undefined> {
    return this.#transaction(async (transaction) => {
      const writes = await transaction.getAll<Write>("writes");
      return writes.find(({ undone, result }) => undone && result !== undefined)?.id;
    });
  }

  /**
   * Removes the confirmed deletion of a task that is restored, as the feed may never deliver it; the next write of the
   * task matches its new tag. Without a tag, the task was not in the trash any more.
   */
  restored(id: string, etag?: string): Promise<void> {
    return this.#transaction(async (transaction) => {
      const writes = (await transaction.getAll<Write>("writes")).filter((write) => write.kind === "task" && write.id === id);
      const deletions = writes.filter((write) => isTrashing(write, id) && write.result !== undefined);
      const next = writes.find(({ result }) => result === undefined);
      for (const { seq } of deletions) transaction.delete("writes", seq);
      if (next?.batch === undefined && next && etag) transaction.put("writes", next.seq, { ...next, ifMatch: etag });
    });
  }

  /** Deletes everything. Only this one can be used afterwards. */
  clear(): Promise<void> {
    return this.storage.transaction(async (transaction) => {
      const version = await versionOf(transaction);
      const epoch = (await epochOf(transaction)) + 1;
      for (const table of ["objects", "writes", "conflicts", "meta"] as const) transaction.clear(table);
      transaction.put("meta", "version", version + 1);
      transaction.put("meta", "epoch", epoch);
      this.#epoch = epoch;
      this.#hasOwner = false;
    });
  }

  close(): void {
    this.storage.close();
  }

  #transaction<Result>(work: (transaction: Transaction) => Promise<Result>): Promise<Result> {
    return this.storage.transaction(async (transaction) => {
      const epoch = await epochOf(transaction);
      if (epoch !== (this.#epoch ??= epoch)) throw new StoreClearedError("Another store has deleted what was stored");
      return await work(transaction);
    });
  }
}

function isTrashing({ kind, op, id, to }: Write, task: string): boolean {
  return kind === "task" && op === "delete" && to === "trash" && id === task;
}

/** Returns how many times everything was deleted. */
async function epochOf(transaction: Transaction): Promise<number> {
  return (await transaction.get<number>("meta", "epoch")) ?? 0;
}

async function versionOf(transaction: Transaction): Promise<number> {
  return (await transaction.get<number>("meta", "version")) ?? 0;
}

async function nextVersion(transaction: Transaction): Promise<number> {
  const version = (await versionOf(transaction)) + 1;
  transaction.put("meta", "version", version);
  return version;
}

async function objectsOf(transaction: Transaction, keys: string[] | "all"): Promise<StoredObject[]> {
  if (keys === "all") return await transaction.getAll<StoredObject>("objects");
  const found = await Promise.all(keys.map((key) => transaction.get<StoredObject>("objects", key)));
  return found.filter((stored) => stored !== undefined);
}

/** Returns the first writes that fit into one request: at most one of an object, whose next tag is known after it. */
function firstOf(queue: readonly Write[], limit: number): Write[] {
  const keys = new Set<string>();
  let length = 0;
  const end = queue.findIndex((write) => {
    const key = keyOf(write.kind, write.id);
    length += JSON.stringify(operationOf(write)).length;
    const fits = !keys.has(key) && keys.size < limit && (length < MAX_LENGTH || keys.size === 0);
    keys.add(key);
    return !fits || write.batch !== undefined;
  });
  return queue.slice(0, end === -1 ? queue.length : end);
}
