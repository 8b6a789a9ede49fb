import { AccessTokens } from "./access-tokens.js";
import { Feed } from "./feed.js";
import { Labels } from "./labels.js";
import { Lists } from "./lists.js";
import { Me } from "./me.js";
import { post, type KeyOptions } from "./post.js";
import { Tasks } from "./tasks.js";
import { Transport, type ClientOptions } from "./transport.js";
import { Trash } from "./trash.js";
import type { BatchOperation, BatchResult } from "./types.js";

/** A client of one service, for one user. */
export class Taskward {
  readonly tasks: Tasks;
  readonly lists: Lists;
  readonly labels: Labels;
  readonly trash: Trash;
  readonly tokens: AccessTokens;
  readonly changes: Feed;
  readonly me: Me;
  readonly #transport: Transport;

  constructor(options: ClientOptions) {
    this.#transport = new Transport(options);
    this.tasks = new Tasks(this.#transport);
    this.lists = new Lists(this.#transport);
    this.labels = new Labels(this.#transport);
    this.trash = new Trash(this.#transport);
    this.tokens = new AccessTokens(this.#transport);
    this.changes = new Feed(this.#transport);
    this.me = new Me(this.#transport);
  }

  /**
   * Returns a text that identifies the user of the token. It never changes: with a token of another user every request
   * fails with an OtherUserError, and is not sent.
   *
   * Throws an ApiError with status 401 if the token names no user.
   */
  identity(): Promise<string> {
    return this.#transport.identity();
  }

  /** Runs 1 to 100 operations on tasks and lists in one transaction; returns the result of each, in order. */
  async batch(
    operations: readonly BatchOperation[],
    { atomic = false, ...options }: { atomic?: boolean } & KeyOptions = {},
  ): Promise<BatchResult[]> {
    const body = { operations, ...(atomic && { atomic }) };
    const { results } = await this.#transport.send(post("/api/batch", body, options), (response) =>
      response.json() as Promise<{ results: BatchResult[] }>,
    );
    return results;
  }
}
