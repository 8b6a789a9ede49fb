import { post, type KeyOptions } from "./post.js";
import type { RequestOptions, Transport } from "./transport.js";
import type { LabelPage, LabelQuery } from "./types.js";

export class Labels {
  constructor(private readonly transport: Transport) {}

  /** Returns a page of the labels in use, each with its number of tasks. */
  list(query: LabelQuery = {}, options: RequestOptions = {}): Promise<LabelPage> {
    return this.transport.send({ path: "/api/labels", query, repeatable: true, ...options }, (response) =>
      response.json(),
    );
  }

  /** Renames a label on all tasks that have it, and returns their number. */
  rename(from: string, to: string, options: KeyOptions = {}): Promise<{ tasks: number }> {
    return this.transport.send(post("/api/labels/rename", { from, to }, options), (response) => response.json());
  }

  /** Removes a label from all tasks that have it, and returns their number. */
  remove(label: string, options: KeyOptions = {}): Promise<{ tasks: number }> {
    return this.transport.send(post("/api/labels/remove", { label }, options), (response) => response.json());
  }
}
