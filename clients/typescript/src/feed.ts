import { Backoff, sleep, sleepUntilOnline } from "./backoff.js";
import { ApiError, isAboutToken, NetworkError } from "./errors.js";
import { EventStream } from "./events.js";
import type { RequestOptions, Transport } from "./transport.js";
import type { Change, ChangePage, Kinds } from "./types.js";

export interface FollowOptions extends RequestOptions {
  /** The cursor to continue from. Without it: everything, from the beginning. */
  since?: string | undefined;
  kinds?: Kinds;
  /** Milliseconds without even a comment after which the connection counts as dead; 45 000 if it is not given. */
  silence?: number;
}

export type FeedStep =
  /**
   * Changes that follow the cursor `since`, and the cursor after them. While `complete` is false more follow at once,
   * and an atomic batch may be there in part. `startedAt` is the time of their request, by the clock of this machine.
   */
  | { type: "changes"; changes: Change[]; since: string | undefined; cursor: string; complete: boolean; startedAt: number }
  /** The cursor is not valid any more: what follows is everything, from the beginning. */
  | { type: "restart"; error: ApiError }
  /** The event stream is open. */
  | { type: "live" }
  /** The connection failed; it is tried again after `retryIn` milliseconds. */
  | { type: "offline"; error: unknown; retryIn: number };

const SILENCE = 45_000;
const MIN_RETRY_DELAY = 1000;
const MAX_RETRY_DELAY = 30_000;

/** The change feed of the caller. */
export class Feed {
  constructor(private readonly transport: Transport) {}

  /** Returns one page of changes. */
  list(options: PageOptions = {}): Promise<ChangePage> {
    return this.transport.send(pageRequest(options), (response) => response.json());
  }

  /**
   * Yields all changes, then each new one, until the signal is aborted: by pages, then by the event stream, which is
   * opened again whenever it ends. No change is missed or repeated.
   *
   * Throws an ApiError with status 401 if the token is rejected and cannot be renewed, and an OtherUserError if the new
   * one is of another user.
   */
  async *follow(options: FollowOptions = {}): AsyncGenerator<FeedStep, void, undefined> {
    const backoff = new Backoff(MIN_RETRY_DELAY, MAX_RETRY_DELAY);
    const position = { cursor: options.since };
    while (!options.signal?.aborted) {
      try {
        yield* this.#pages(position, options);
        yield* this.#stream(position, options, backoff);
        // Ended by the service, because the token has expired or it restarts: not a failure, unless the next attempt fails.
        await sleepUntilOnline(backoff.next(), options.signal);
      } catch (error) {
        if (options.signal?.aborted) return;
        if (isInvalidCursor(error) && position.cursor !== undefined) {
          position.cursor = undefined;
          yield { type: "restart", error };
          continue;
        }
        if (isAboutToken(error)) throw error;
        const after = error instanceof ApiError ? (error.retryAfter ?? 0) : 0;
        const retryIn = backoff.next(after * 1000);
        yield { type: "offline", error, retryIn };
        // With a Retry-After of the service, not even coming online ends the wait.
        await (after > 0 ? sleep(retryIn, options.signal).catch(() => undefined) : sleepUntilOnline(retryIn, options.signal));
      }
    }
  }

  async *#pages(position: Position, { kinds, signal }: FollowOptions): AsyncGenerator<FeedStep, void, undefined> {
    for (let complete = false; !complete; ) {
      const startedAt = Date.now();
      const since = position.cursor;
      const request = pageRequest({ since, ...(kinds && { kinds }), ...(signal && { signal }) });
      // Not repeated by the transport, so that the caller sees each failure.
      const page = await this.transport.send<ChangePage>({ ...request, retries: 0 }, (response) => response.json());
      complete = !page.has_more;
      position.cursor = page.cursor;
      yield { type: "changes", changes: page.changes, since, cursor: page.cursor, complete, startedAt };
    }
  }

  async *#stream(
    position: Position,
    { kinds, signal, silence = SILENCE }: FollowOptions,
    backoff: Backoff,
  ): AsyncGenerator<FeedStep, void, undefined> {
    const connection = new AbortController();
    const timer = setTimeout(() => connection.abort(new NetworkError("No response")), silence);
    const cut = () => connection.abort(new NetworkError("The device is offline"));
    globalThis.addEventListener?.("offline", cut);
    const request = {
      path: "/api/events",
      query: { kinds },
      headers: { "Last-Event-ID": position.cursor },
      timeout: Infinity,
      retries: 0,
      signal: signal === undefined ? connection.signal : AbortSignal.any([connection.signal, signal]),
    };
    let stream: EventStream | undefined;
    try {
      stream = new EventStream(await this.transport.open(request));
      clearTimeout(timer);
      yield { type: "live" };
      for await (const arrived of stream.events(silence)) {
        backoff.reset();
        const last = arrived.at(-1);
        if (last === undefined) continue;
        const since = position.cursor;
        position.cursor = last.cursor;
        const changes = latest(arrived.map((event) => event.change));
        yield { type: "changes", changes, since, cursor: last.cursor, complete: true, startedAt: 0 };
      }
    } finally {
      clearTimeout(timer);
      globalThis.removeEventListener?.("offline", cut);
      stream?.cancel();
      connection.abort();
    }
  }
}

interface PageOptions extends RequestOptions {
  since?: string | undefined;
  limit?: number;
  kinds?: Kinds;
}

function pageRequest({ signal, ...query }: PageOptions) {
  return { path: "/api/changes", query, repeatable: true, ...(signal && { signal }) };
}

interface Position {
  cursor: string | undefined;
}

/** Returns the changes without those that a later one about the same object replaces. */
function latest(changes: Change[]): Change[] {
  const byId = new Map<string, Change>();
  for (const change of changes) {
    const { id } = "task" in change ? change.task : "list" in change ? change.list : change;
    byId.delete(id); // so that it moves to the end
    byId.set(id, change);
  }
  return [...byId.values()];
}

/** Returns whether the feed has to be read from its beginning. */
export function isInvalidCursor(error: unknown): error is ApiError {
  if (!(error instanceof ApiError)) return false;
  if (error.status === 410) return true;
  return error.status === 400 && error.details.some(({ field }) => field === "since" || field === "Last-Event-ID");
}
