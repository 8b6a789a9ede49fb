import { Backoff, sleep, sleepUntilOnline } from "../backoff.js";
import type { Taskward } from "../client.js";
import { ApiError, isAboutToken, isSpaceNotFound, OtherUserError } from "../errors.js";
import type { FeedStep } from "../feed.js";
import type { Owner } from "../owner.js";
import type { SpaceClient } from "../spaces.js";
import type { FeedKinds, SharedChange } from "../types.js";
import type { Changed, Database } from "./database.js";
import type { FeedUpdate } from "./feed-update.js";
import { StoreClearedError } from "./owner.js";
import { operationOf, type Write } from "./records.js";

/**
 * `unauthorized`: the token was rejected. `other-user`: what is stored belongs to another user than the token. `removed`: the
 * user is not in the space.
 */
export type SyncState = "stopped" | "connecting" | "live" | "offline" | "unauthorized" | "other-user" | "removed";

/** What is synchronized. */
export interface Source {
  client: Taskward;
  /** The space; without it, what is the user's own. */
  space: SpaceClient | undefined;
  kinds: FeedKinds;
  /** As of `Feed.follow`. */
  changed: ((signal: AbortSignal | undefined) => Promise<void>) | undefined;
}

export interface SyncEvents {
  onChange(changed?: Changed): Promise<void>;
  onState(state: SyncState, error?: unknown): void;
}

/** Runs its argument when no other tab runs one. */
type Exclusively = (work: () => Promise<void>) => Promise<void>;

interface Batch {
  key: string;
  writes: Write[];
}

const MIN_RETRY_DELAY = 1000;
const MAX_RETRY_DELAY = 30_000;
/** Milliseconds after which the feed is read again, if it has not delivered a confirmed write. */
const CONFIRMATION_TIMEOUT = 5000;
/** Client errors of a whole request that are not about its content. */
const RETRYABLE = [401, 408, 409, 425, 429];

/** Sends the queued writes and follows the feed, until the signal is aborted. */
export class Synchronizer {
  #wake: () => void = () => undefined;
  #reread: AbortController | undefined;
  #isChecking = false;

  constructor(
    private readonly source: Source,
    private readonly database: Database,
    private readonly events: SyncEvents,
  ) {}

  /** Makes the user of the token the owner of the database, or throws an OtherUserError. */
  async setOwner(): Promise<void> {
    await this.database.setOwner(await this.source.client.identity());
  }

  /** Wakes the loop that sends writes. */
  wake(): void {
    this.#wake();
  }

  /**
   * Synchronizes by `exclusively`, which runs its argument when no other tab synchronizes. After an error, such as of the
   * storage, it is tried again; another tab may be first.
   */
  async run(signal: AbortSignal, exclusively: Exclusively): Promise<void> {
    const backoff = new Backoff(MIN_RETRY_DELAY, MAX_RETRY_DELAY);
    for (;;) {
      const startedAt = Date.now();
      try {
        return await this.#runOnce(signal, exclusively);
      } catch (error) {
        if (signal.aborted) return;
        this.events.onState("offline", error);
        if (Date.now() - startedAt > MAX_RETRY_DELAY) backoff.reset();
        await sleepUntilOnline(backoff.next(), signal);
      }
    }
  }

  get #owner(): Owner {
    return this.source.space ?? this.source.client;
  }

  /** Throws the errors after which another attempt may succeed. */
  async #runOnce(signal: AbortSignal, exclusively: Exclusively): Promise<void> {
    try {
      await this.#checkToken();
      await exclusively(() => this.#synchronize(signal));
    } catch (error) {
      if (signal.aborted) return;
      if (error instanceof OtherUserError) this.events.onState("other-user", error);
      else if (error instanceof StoreClearedError) this.events.onState("stopped", error);
      else if (isAboutToken(error)) this.events.onState("unauthorized", error);
      else if (isSpaceNotFound(error)) await this.#leave(error);
      else throw error;
    }
  }

  async #leave(error: ApiError): Promise<void> {
    await this.database.leave(bodyOf(error));
    await this.events.onChange();
    this.events.onState("removed", error);
  }

  /** Reads the user as a member of the space, whose role may have changed. */
  async #readMember(signal: AbortSignal): Promise<void> {
    const { space } = this.source;
    if (space !== undefined) await this.events.onChange(await this.database.setMember(await space.members.get("me", { signal })));
  }

  /** Throws an OtherUserError if there is a token of another user. A tab without one may wait until it synchronizes. */
  async #checkToken(): Promise<void> {
    await this.setOwner().catch((error: unknown) => {
      if (error instanceof OtherUserError || error instanceof StoreClearedError) throw error;
    });
  }

  async #synchronize(signal: AbortSignal): Promise<void> {
    const failing = new AbortController();
    const either = AbortSignal.any([signal, failing.signal]);
    this.events.onState("connecting");
    await this.#waitForOwner(either);
    const both = [this.#follow(either), this.#push(either)];
    await Promise.all(both).finally(() => {
      failing.abort();
      return Promise.allSettled(both);
    });
  }

  async #waitForOwner(signal: AbortSignal): Promise<void> {
    const backoff = new Backoff(MIN_RETRY_DELAY, MAX_RETRY_DELAY);
    for (;;) {
      try {
        await this.setOwner();
        if ((await this.database.member()) === undefined) await this.#readMember(signal);
        return;
      } catch (error) {
        signal.throwIfAborted();
        if (isFinal(error)) throw error;
        this.events.onState("offline", error);
        await sleepUntilOnline(backoff.next(), signal);
      }
    }
  }

  async #follow(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      this.#reread = new AbortController();
      const either = AbortSignal.any([signal, this.#reread.signal]);
      const since = await this.database.cursor();
      let update = begin(since, since === undefined);
      const { kinds, changed } = this.source;
      for await (const step of this.#owner.changes.follow({ since, kinds, changed, signal: either })) {
        if (step.type === "restart") update = begin(update.since, true);
        else if (step.type === "changes") {
          update = extended(update, step);
          if (!step.complete) continue; // an atomic batch is not shown in part
          if (!(await this.#apply(update))) break;
          update = begin(step.cursor, false);
        } else this.#report(step);
      }
      // Another tab has applied changes: continue from its cursor, after a pause so that the tabs do not alternate.
      if (!either.aborted) await sleep(500 + Math.random() * 500, either).catch(() => undefined);
    }
  }

  async #apply(update: FeedUpdate): Promise<boolean> {
    const changed = await this.database.apply(update);
    if (changed === undefined) return false;
    await this.events.onChange(changed);
    return true;
  }

  #report(step: FeedStep<SharedChange>): void {
    if (step.type === "live") {
      this.events.onState("live");
      this.#wake(); // the service can be reached
    } else if (step.type === "offline") this.events.onState("offline", step.error);
  }

  async #push(signal: AbortSignal): Promise<void> {
    const backoff = new Backoff(MIN_RETRY_DELAY, MAX_RETRY_DELAY);
    let limit: number | undefined;
    let isHeldUp = false;
    signal.addEventListener("abort", () => this.#wake(), { once: true });
    while (!signal.aborted) {
      const woken = this.#nextWake();
      const restoration = await this.database.nextRestoration();
      const batch = restoration === undefined ? await this.database.nextBatch(limit) : undefined;
      if (restoration === undefined && batch === undefined) {
        limit = undefined;
        await woken;
        continue;
      }
      try {
        if (restoration !== undefined) await this.#restore(restoration, signal);
        if (batch !== undefined) await this.#send(batch, signal);
        backoff.reset();
        if (isHeldUp) this.events.onState("live");
        isHeldUp = false;
      } catch (error) {
        signal.throwIfAborted();
        if (batch !== undefined && this.#isAboutRole(error)) await this.#refuseByRole(batch, error, signal);
        else if (batch !== undefined && isRefusal(error)) limit = await this.#split(batch, error);
        else if (isFinal(error)) throw error;
        else {
          if (isOfProxy(error)) {
            isHeldUp = true;
            this.events.onState("offline", error); // the feed may be live, and nothing else would say so
            if (batch !== undefined && isAboutContent(error)) limit = await this.#separate(batch);
          }
          await Promise.race([sleep(backoff.next(retryAfter(error)), signal), woken]);
        }
      }
      await this.events.onChange();
      void this.#rereadLater(signal).catch(() => undefined);
    }
  }

  async #send({ key, writes }: Batch, signal: AbortSignal): Promise<void> {
    const results = await this.#owner.batch(writes.map(operationOf), { idempotencyKey: key, signal });
    await this.database.settle(key, writes, results);
  }

  /** Restores a task; what the service refuses to restore is not in the trash any more. */
  async #restore(id: string, signal: AbortSignal): Promise<void> {
    const restored = await this.#owner.trash.restore(id, { signal }).catch((error: unknown) => {
      if (!isRefusal(error)) throw error;
    });
    await this.database.restored(id, restored?.etag);
  }

  /** Sends the writes of a request that did not pass one by one: those before the one that does not are sent. Returns how many to send. */
  async #separate({ key, writes }: Batch): Promise<number> {
    if (writes.length > 1) await this.database.split(key);
    return 1;
  }

  /** Does the same with a request that the service has refused, and refuses a write that was alone in it. */
  async #split(batch: Batch, error: ApiError): Promise<number> {
    if (batch.writes.length === 1) await this.database.refuse(batch.writes, "rejected", bodyOf(error));
    return this.#separate(batch);
  }

  #isAboutRole(error: unknown): error is ApiError {
    return this.source.space !== undefined && error instanceof ApiError && error.code === "METHOD_NOT_ALLOWED";
  }

  /** Refuses all writes of a request: a batch is authorized once, and the role of the user is another one than is stored. */
  async #refuseByRole({ writes }: Batch, error: ApiError, signal: AbortSignal): Promise<void> {
    await this.database.refuse(writes, "role", bodyOf(error));
    await this.#readMember(signal).catch((failure: unknown) => {
      if (isFinal(failure)) throw failure; // the feed brings it, too
    });
  }

  #nextWake(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }

  /** Reads the feed anew if it has not delivered a confirmed write: a page settles all that were confirmed before it. */
  async #rereadLater(signal: AbortSignal): Promise<void> {
    if (this.#isChecking) return;
    this.#isChecking = true;
    await sleep(2 * CONFIRMATION_TIMEOUT, signal).catch(() => undefined);
    this.#isChecking = false;
    if (signal.aborted) return;
    const writes = await this.database.queue();
    if (writes.some(({ result, undone }) => result !== undefined && !undone && result.at < Date.now() - CONFIRMATION_TIMEOUT)) this.#reread?.abort();
  }
}

function begin(since: string | undefined, isComplete: boolean): FeedUpdate {
  return { since, isComplete, cursor: "", changes: [], startedAt: 0 };
}

function extended(update: FeedUpdate, step: FeedStep<SharedChange> & { type: "changes" }): FeedUpdate {
  update.changes.push(...step.changes);
  return { ...update, cursor: step.cursor, startedAt: step.startedAt };
}

/** Returns whether the synchronization ends with an error. */
function isFinal(error: unknown): boolean {
  return isAboutToken(error) || isSpaceNotFound(error) || error instanceof StoreClearedError;
}

function bodyOf({ code, message, details }: ApiError) {
  return { code, message, details };
}

/** Returns whether a whole request is refused for its content. A proxy may find it too large; else only the service can tell. */
function isRefusal(error: unknown): error is ApiError {
  if (isSpaceNotFound(error) || !(error instanceof ApiError)) return false;
  return error.isOfService ? isAboutContent(error) : error.status === 413;
}

/** Returns whether something between this device and the service has answered. */
function isOfProxy(error: unknown): error is ApiError {
  return error instanceof ApiError && !error.isOfService;
}

/** Returns whether an error may be about the content of a request: the same request would get it again. */
function isAboutContent({ status }: ApiError): boolean {
  return status < 500 && !RETRYABLE.includes(status);
}

function retryAfter(error: unknown): number {
  return error instanceof ApiError ? (error.retryAfter ?? 0) * 1000 : 0;
}
