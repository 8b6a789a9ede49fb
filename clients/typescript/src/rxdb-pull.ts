import type { WithDeleted } from "rxdb";
import type { Subscriber } from "rxjs";
import { sleep } from "./backoff.js";
import type { Taskward } from "./client.js";
import { isInvalidCursor } from "./feed.js";
import type { Change, ChangePage } from "./types.js";

/** How far a collection is replicated. */
export interface Checkpoint {
  cursor: string;
}

interface Documents<Document> {
  documents: WithDeleted<Document>[];
  checkpoint: Checkpoint;
}

/** Milliseconds after which the events are followed again, if the token was rejected. */
const PAUSE = 5000;

interface Known {
  id: string;
}

/** Returns how a collection pulls changes: page by page, and then as they happen. */
export function checkpointed<Document extends Known>(
  client: Taskward,
  kind: "task" | "list",
  stored: () => Promise<Known[]>,
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

  /** Returns everything, and deletions of what is stored and did not come. */
  async function everything(): Promise<Documents<Document>> {
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
    position.reach(last.cursor);
    return { documents: [...documents(changes), ...deletions], checkpoint: { cursor: last.cursor } };
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
      try {
        const { changes, cursor, has_more } = await page(checkpoint?.cursor, size);
        if (!has_more) position.reach(cursor);
        return { documents: documents(changes), checkpoint: { cursor } };
      } catch (error) {
        if (checkpoint !== undefined && isInvalidCursor(error)) return await everything();
        throw error;
      }
    },

    /** Emits each change from where the pages end, and asks for pages again when the cursor has expired. */
    follow(this: void, subscriber: Subscriber<Documents<Document> | "RESYNC">): () => void {
      const ending = new AbortController();
      const { signal } = ending;
      void (async () => {
        while (!signal.aborted) {
          try {
            await emit(subscriber, signal);
          } catch {
            // The token is rejected; the pages report it, and end when there is another one.
            await sleep(PAUSE, signal).catch(() => undefined);
          }
        }
      })();
      return () => ending.abort();
    },
  };
}

/** The newest cursor that was reached, once the pages have ended. */
class Position {
  #resolve: (cursor: string) => void = () => undefined;
  #reached = this.#next();

  reach(cursor: string): void {
    this.#resolve(cursor);
    this.#reached = Promise.resolve(cursor);
  }

  reached(): Promise<string> {
    return this.#reached;
  }

  reset(): void {
    this.#reached = this.#next();
  }

  #next(): Promise<string> {
    return new Promise((resolve) => {
      this.#resolve = resolve;
    });
  }
}

/** Returns the document of a change. */
export function documentOf(kind: "task" | "list", change: Change): { id: string; _deleted: boolean } {
  if (change.op === "delete") return deleted(change.id);
  const value = kind === "task" ? change.task : change.list;
  if (value === undefined) throw new TypeError(`A change has no ${kind}`);
  const tagged = { ...value, etag: change.etag };
  return { ...tagged, _deleted: false };
}

export function deleted(id: string): { id: string; title: string; _deleted: true } {
  return { id, title: "", _deleted: true };
}
