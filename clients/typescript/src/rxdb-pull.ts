import type { WithDeleted } from "rxdb";
import type { Subscriber } from "rxjs";
import { sleep } from "./backoff.js";
import type { Taskward } from "./client.js";
import { isInvalidCursor } from "./feed.js";
import type { Change, ChangePage } from "./types.js";

/** The position up to which a collection is replicated. */
export interface Checkpoint {
  /** Undefined: from the beginning. */
  cursor: string | undefined;
  /** Whose collection it is, as `Taskward.identity` returns it. RxDB keeps it where a later checkpoint has none. */
  owner?: string;
}

interface Documents<Document> {
  documents: WithDeleted<Document>[];
  checkpoint: Checkpoint;
}

interface Pulled<Document> {
  documents: WithDeleted<Document>[];
  cursor: string;
}

/** Milliseconds after which the events are requested again, if the token was rejected. */
const RETRY_DELAY = 5000;

interface Identified {
  id: string;
}

/** Returns the handlers with which a collection pulls changes: page by page, and then as they happen. */
export function checkpointed<Document extends Identified>(
  client: Taskward,
  kind: "task" | "list",
  stored: () => Promise<Identified[]>,
) {
  const kinds = `${kind}s` as const;
  const documents = (changes: Change[]) => changes.map((change) => documentOf(kind, change) as WithDeleted<Document>);
  const position = new Position();

  /** Returns fewer than `size` documents only at the end, as RxDB expects. */
  async function page(since: string | undefined, size: number): Promise<ChangePage> {
    const first = await client.changes.list({ kinds, since, limit: size });
    if (!first.has_more || first.changes.length >= size) return first;
    const next = await page(first.cursor, size - first.changes.length);
    return { ...next, changes: [...first.changes, ...next.changes] };
  }

  /** Returns everything, and deletions of what is stored but does not exist any more. */
  async function everything(): Promise<Pulled<Document>> {
    position.restart();
    const before = await stored();
    const changes: Change[] = [];
    let last: ChangePage | undefined;
    while (last === undefined || last.has_more) {
      last = await client.changes.list({ kinds, since: last?.cursor });
      changes.push(...last.changes);
    }
    const found = new Set(changes.map((change) => documentOf(kind, change).id));
    const missing = before.filter(({ id }) => !found.has(id)); // of these, RxDB keeps what it has not sent yet
    const deletions = missing.map(({ id }) => deleted(id) as unknown as WithDeleted<Document>);
    return { documents: [...documents(changes), ...deletions], cursor: last.cursor };
  }

  async function pull(since: string | undefined, size: number): Promise<Pulled<Document>> {
    try {
      const { changes, cursor } = await page(since, size);
      return { documents: documents(changes), cursor };
    } catch (error) {
      if (since !== undefined && isInvalidCursor(error)) return await everything();
      throw error;
    }
  }

  /** Emits changes until the cursor has expired or the signal is aborted. */
  async function emit(subscriber: Subscriber<Documents<Document> | "RESYNC">, signal: AbortSignal): Promise<void> {
    const since = await position.reached();
    for await (const step of client.changes.follow({ since, kinds, signal })) {
      if (step.type === "restart") {
        position.reset();
        return subscriber.next("RESYNC");
      }
      if (step.type !== "changes") continue;
      position.reach(step.cursor);
      if (step.changes.length === 0) continue;
      subscriber.next({ documents: documents(step.changes), checkpoint: { cursor: step.cursor } });
    }
  }

  return {
    async handler(checkpoint: Checkpoint | undefined, size: number): Promise<Documents<Document>> {
      position.begin(checkpoint?.cursor);
      const { documents, cursor } = await pull(checkpoint?.cursor, size);
      const isEnd = documents.length < size; // RxDB asks again if there are more
      return { documents, checkpoint: { cursor: isEnd ? position.end(cursor) : cursor } };
    },

    /** Is called before something is sent. */
    onPush: () => position.onPush(),

    /** Emits each change from `Position` on, and asks for pages again when the cursor has expired. */
    follow(this: void, subscriber: Subscriber<Documents<Document> | "RESYNC">): () => void {
      const ending = new AbortController();
      const { signal } = ending;
      void (async () => {
        while (!signal.aborted) {
          try {
            await emit(subscriber, signal);
          } catch {
            // The token is rejected; the pages report it, and end when there is another one.
            await sleep(RETRY_DELAY, signal).catch(() => undefined);
          }
        }
      })();
      return () => ending.abort();
    },
  };
}

/**
 * The cursor at which the events begin: where the pages end, or, if something was sent before, where they began. While
 * a document is being sent, RxDB drops its state in a page, with the new tag, but delays its events.
 */
class Position {
  #beginning: { cursor: string | undefined } | undefined;
  #hasPushed = false;
  #resolve: (cursor: string | undefined) => void = () => undefined;
  #reached = this.#next();

  begin(cursor: string | undefined): void {
    this.#beginning ??= { cursor };
  }

  /** The cursor has expired: the pages begin again. */
  restart(): void {
    this.#beginning = { cursor: undefined };
  }

  onPush(): void {
    this.#hasPushed = true;
  }

  /** Sets the cursor at which the pages end; returns the one at which the events begin. */
  end(cursor: string): string | undefined {
    const beginning = this.#hasPushed ? this.#beginning?.cursor : cursor;
    this.#beginning = undefined;
    this.#resolve(beginning);
    this.#reached = Promise.resolve(beginning);
    return beginning;
  }

  /** Sets the cursor of an event. */
  reach(cursor: string): void {
    this.#reached = Promise.resolve(cursor);
  }

  /** Returns the cursor at which the next events begin, once the pages have ended. */
  reached(): Promise<string | undefined> {
    return this.#reached;
  }

  reset(): void {
    this.#reached = this.#next();
  }

  #next(): Promise<string | undefined> {
    return new Promise((resolve) => {
      this.#resolve = resolve;
    });
  }
}

/** Returns the document of a change. */
export function documentOf(kind: "task" | "list", change: Change): { id: string; _deleted: boolean } {
  if (change.op === "delete") return deleted(change.id);
  if (!(kind in change)) throw new TypeError(`A change has no ${kind}`);
  const value = "task" in change ? change.task : change.list;
  const tagged = { ...value, etag: change.etag };
  return { ...tagged, _deleted: false };
}

export function deleted(id: string): { id: string; title: string; _deleted: true } {
  return { id, title: "", _deleted: true };
}
