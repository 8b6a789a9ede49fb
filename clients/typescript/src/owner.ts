import { Comments } from "./comments.js";
import { Feed } from "./feed.js";
import { Labels } from "./labels.js";
import { Lists } from "./lists.js";
import { post, type KeyOptions } from "./post.js";
import { Tasks } from "./tasks.js";
import type { Transport } from "./transport.js";
import { Trash } from "./trash.js";
import type { BatchOperation, BatchResult } from "./types.js";

/** What belongs to one owner: to the user, or to a space. */
export class Owner {
  readonly tasks: Tasks;
  readonly lists: Lists;
  readonly labels: Labels;
  readonly comments: Comments;
  readonly trash: Trash;
  readonly changes: Feed;

  constructor(protected readonly transport: Transport) {
    this.tasks = new Tasks(transport);
    this.lists = new Lists(transport);
    this.labels = new Labels(transport);
    this.comments = new Comments(transport);
    this.trash = new Trash(transport);
    this.changes = new Feed(transport);
  }

  /** Runs 1 to 100 operations on tasks and lists in one transaction; returns the result of each, in order. */
  async batch(
    operations: readonly BatchOperation[],
    { atomic = false, ...options }: { atomic?: boolean } & KeyOptions = {},
  ): Promise<BatchResult[]> {
    const body = { operations, ...(atomic && { atomic }) };
    const { results } = await this.transport.send(post("/api/batch", body, options), (response) =>
      response.json() as Promise<{ results: BatchResult[] }>,
    );
    return results;
  }
}
