import { Reconnection } from "./backoff.js";
import { ApiError, isAboutToken, isSpaceNotFound } from "./errors.js";
import { serverEvents } from "./events.js";
import type { RequestOptions, Transport } from "./transport.js";
import type { ChangeOf, ChangePage, FeedKinds, SharedChange } from "./types.js";

export interface FollowOptions<K extends FeedKinds = FeedKinds> extends RequestOptions {
  /** The cursor to continue from. Without it: everything, from the beginning. */
  since?: string | undefined;
  kinds?: K;
  /**
   * Is called before changes are read; what it returns resolves when there may be later ones. In place of the event stream,
   * so that many spaces need one connection.
   */
  changed?: ((signal: AbortSignal | undefined) => Promise<void>) | undefined;
  /** Milliseconds without even a comment after which the connection counts as dead; 45 000 if it is not given. */
  silence?: number;
}

export type FeedStep<Change extends SharedChange = ChangeOf<"tasks">> =
  /**
   * Changes that follow the cursor `since`, and the cursor after them. While `complete` is false more follow at once,
   * and an atomic batch may be there in part. `startedAt` is the time of their request, by the clock of this machine.
   */
  | { type: "changes"; changes: Change[]; since: string | undefined; cursor: string; complete: boolean; startedAt: number }
  /** The cursor is not valid any more: what follows is everything, from the beginning. */
  | { type: "restart"; error: ApiError }
  /** The event stream is open, or changes are waited for. */
  | { type: "live" }
  /** The connection failed; it is tried again after `retryIn` milliseconds. */
  | { type: "offline"; error: unknown; retryIn: number };

/** The change feed of the user, or of a space. */
export class Feed {
  constructor(private readonly transport: Transport) {}

  /** Returns one page of changes. */
  list<K extends FeedKinds = "tasks">(options: PageOptions<K> = {}): Promise<ChangePage<ChangeOf<K>>> {
    return this.transport.send(pageRequest(options), (response) => response.json());
  }

  /**
   * Yields all changes, then each new one, until the signal is aborted: by pages, then by the event stream, which is
   * opened again whenever it ends. No change is missed or repeated.
   *
   * Throws an ApiError with status 401 if the token is rejected and cannot be renewed, and an OtherUserError if the new
   * one is of another user. In a space, throws an ApiError with status 404 if the user is not a member any more.
   */
  follow<K extends FeedKinds = "tasks">(options: FollowOptions<K> = {}): AsyncGenerator<FeedStep<ChangeOf<K>>, void, undefined> {
    return this.#follow(options) as AsyncGenerator<FeedStep<ChangeOf<K>>, void, undefined>;
  }

  async *#follow(options: FollowOptions): Steps {
    const reconnection = new Reconnection();
    const position = { cursor: options.since };
    while (!options.signal?.aborted) {
      try {
        const changed = options.changed?.(options.signal);
        yield* this.#pages(position, options);
        if (changed !== undefined) {
          yield { type: "live" };
          reconnection.succeeded();
          await changed;
          continue;
        }
        yield* this.#stream(position, options, reconnection);
        // Ended by the service, because the token has expired or it restarts: not a failure, unless the next attempt fails.
        reconnection.ended();
      } catch (error) {
        if (options.signal?.aborted) return;
        if (isInvalidCursor(error) && position.cursor !== undefined) {
          position.cursor = undefined;
          yield { type: "restart", error };
          continue;
        }
        if (isAboutToken(error) || isSpaceNotFound(error)) throw error;
        yield { type: "offline", error, retryIn: reconnection.ended(error) };
      }
      await reconnection.wait(options.signal);
    }
  }

  async *#pages(position: Position, { kinds, signal }: FollowOptions): Steps {
    for (let complete = false; !complete; ) {
      const startedAt = Date.now();
      const since = position.cursor;
      const request = pageRequest({ since, ...(kinds && { kinds }), ...(signal && { signal }) });
      // Not repeated by the transport, so that the caller sees each failure.
      const page = await this.transport.send<ChangePage<SharedChange>>({ ...request, retries: 0 }, (response) => response.json());
      complete = !page.has_more;
      position.cursor = page.cursor;
      yield { type: "changes", changes: page.changes, since, cursor: page.cursor, complete, startedAt };
    }
  }

  async *#stream(position: Position, { kinds, signal, silence }: FollowOptions, reconnection: Reconnection): Steps {
    const request = { path: "/api/events", query: { kinds }, headers: { "Last-Event-ID": position.cursor }, signal, silence };
    let isOpen = false;
    for await (const arrived of serverEvents(this.transport, request)) {
      if (isOpen) reconnection.succeeded();
      else yield { type: "live" };
      isOpen = true;
      const last = arrived.at(-1);
      if (last?.id === undefined) continue;
      const since = position.cursor;
      position.cursor = last.id;
      const changes = latest(arrived.map(({ data }) => JSON.parse(data) as SharedChange));
      yield { type: "changes", changes, since, cursor: last.id, complete: true, startedAt: 0 };
    }
  }
}

type Steps = AsyncGenerator<FeedStep<SharedChange>, void, undefined>;

interface PageOptions<K extends FeedKinds = FeedKinds> extends RequestOptions {
  since?: string | undefined;
  limit?: number;
  kinds?: K;
}

function pageRequest({ signal, ...query }: PageOptions) {
  return { path: "/api/changes", query, repeatable: true, ...(signal && { signal }) };
}

interface Position {
  cursor: string | undefined;
}

/** Returns the changes without those that a later one about the same object replaces. */
function latest(changes: SharedChange[]): SharedChange[] {
  const byKey = new Map<string, SharedChange>();
  for (const change of changes) {
    const { kind, id } = subjectOf(change);
    const key = `${kind}:${id}`;
    byKey.delete(key); // so that it moves to the end
    byKey.set(key, change);
  }
  return [...byKey.values()];
}

/** Returns which object a change is of, and its state unless it was deleted. */
export function subjectOf(change: SharedChange) {
  if (change.op === "delete") return { kind: "kind" in change ? change.kind : "task", id: change.id } as const;
  if ("task" in change) return { kind: "task", id: change.task.id, value: change.task } as const;
  if ("list" in change) return { kind: "list", id: change.list.id, value: change.list } as const;
  if ("comment" in change) return { kind: "comment", id: change.comment.id, value: change.comment } as const;
  if ("member" in change) return { kind: "member", id: change.member.id, value: change.member } as const;
  if ("space" in change) return { kind: "space", id: change.space.id, value: change.space } as const;
  return { kind: "membership", id: change.membership.space_id, value: change.membership } as const;
}

/** Returns whether the feed has to be read from its beginning. */
export function isInvalidCursor(error: unknown): error is ApiError {
  if (!(error instanceof ApiError) || !error.isOfService) return false;
  if (error.status === 410) return true;
  return error.status === 400 && error.details.some(({ field }) => field === "since" || field === "Last-Event-ID");
}
