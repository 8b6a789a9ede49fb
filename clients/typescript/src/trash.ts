import { isDeletedBefore } from "./errors.js";
import { pathOf } from "./path.js";
import { post, type KeyOptions } from "./post.js";
import type { ConditionalRead } from "./resource.js";
import { readTagged } from "./tasks.js";
import type { Request, RequestOptions, Transport } from "./transport.js";
import type { Purged, TaggedTask, Task, TrashedTask, TrashPage, TrashQuery } from "./types.js";

/** The tasks that were deleted with `to: "trash"`, until the service deletes them permanently. */
export class Trash {
  constructor(private readonly transport: Transport) {}

  /** Returns a page of the trash, the newest deletion first; `next_cursor` is null on the last one. */
  list(query: TrashQuery, options: ConditionalRead): Promise<(TrashPage & { etag: string }) | undefined>;
  list(query?: TrashQuery, options?: RequestOptions): Promise<TrashPage & { etag: string }>;
  list(query: TrashQuery = {}, options: RequestOptions & { ifNoneMatch?: string } = {}) {
    return readTagged<TrashPage>(this.transport, { path: "/api/trash", query }, options);
  }

  /** Yields all of the trash, page by page. */
  async *all(query: TrashQuery = {}, options: RequestOptions = {}): AsyncGenerator<TrashedTask, void, undefined> {
    let page: TrashPage | undefined;
    while (page?.next_cursor !== null) {
      const cursor = page === undefined ? {} : { cursor: page.next_cursor };
      page = await this.list({ ...query, ...cursor }, options);
      yield* page.tasks;
    }
  }

  /** Takes a task out of the trash, with all that were deleted with it. One that is not there is a NOT_FOUND. */
  async restore(id: string, options: KeyOptions = {}): Promise<TaggedTask> {
    return this.transport.send(post(`${pathOf("/api/trash", id)}/restore`, {}, options), async (response) => ({
      task: (await response.json()) as Task,
      etag: response.headers.get("ETag") ?? "",
    }));
  }

  /** Deletes a task of the trash permanently, and all that were deleted with it. */
  async purge(id: string, options: RequestOptions = {}): Promise<Purged> {
    const request: Request = { method: "DELETE", path: pathOf("/api/trash", id), repeatable: true, ...options };
    try {
      return await this.transport.send(request, (response) => response.json());
    } catch (error) {
      if (!isDeletedBefore(error)) throw error;
      return { message: "Task deleted permanently", id };
    }
  }

  /** Deletes all of the trash permanently; returns how many tasks the last attempt has deleted. */
  empty(options: RequestOptions = {}): Promise<{ deleted: number }> {
    const request: Request = { method: "DELETE", path: "/api/trash", repeatable: true, timeout: Infinity, ...options };
    return this.transport.send(request, (response) => response.json());
  }
}
