import { Resource, type ConditionalRead, type ConditionalWrite } from "./resource.js";
import { localTime } from "./time.js";
import type { Request, RequestOptions, Transport } from "./transport.js";
import type {
  Deleted,
  NewTask,
  TaggedTask,
  Task,
  TaskChanges,
  TaskDeletionOptions,
  TaskPage,
  TaskQuery,
  TaskSummary,
} from "./types.js";

export class Tasks extends Resource<TaggedTask, Task, NewTask, TaskChanges> {
  constructor(transport: Transport) {
    super(
      transport,
      "/api/tasks",
      (task, etag) => ({ task, etag }),
      ({ task }) => task,
    );
  }

  /** Returns a page of tasks; `next_cursor` is null on the last one. */
  list(query: TaskQuery, options: ConditionalRead): Promise<(TaskPage & { etag: string }) | undefined>;
  list(query?: TaskQuery, options?: RequestOptions): Promise<TaskPage & { etag: string }>;
  list(query: TaskQuery = {}, options: RequestOptions & { ifNoneMatch?: string } = {}) {
    return readTagged<TaskPage>(this.transport, { path: "/api/tasks", query }, options);
  }

  /** Yields all tasks of the query, page by page. */
  async *all(query: TaskQuery = {}, options: RequestOptions = {}): AsyncGenerator<Task, void, undefined> {
    let page: TaskPage | undefined;
    while (page?.next_cursor !== null) {
      const cursor = page === undefined ? {} : { cursor: page.next_cursor };
      page = await this.list({ ...query, ...cursor }, options);
      yield* page.tasks;
    }
  }

  /** Counts the open tasks. `now` is the time of the client with its numeric offset, which `localTime` returns. */
  summary(now: string, options: ConditionalRead): Promise<(TaskSummary & { etag: string }) | undefined>;
  summary(now?: string, options?: RequestOptions): Promise<TaskSummary & { etag: string }>;
  summary(now = localTime(), options: RequestOptions & { ifNoneMatch?: string } = {}) {
    return readTagged<TaskSummary>(this.transport, { path: "/api/tasks/summary", query: { now } }, options);
  }

  /** Returns the next days of a recurring task. */
  async occurrences(id: string, limit?: number, options: RequestOptions = {}): Promise<string[]> {
    const request: Request = { path: `${this.pathOf(id)}/occurrences`, query: { limit }, repeatable: true, ...options };
    const { dates } = await this.transport.send(request, (response) => response.json() as Promise<{ dates: string[] }>);
    return dates;
  }

  /**
   * Deletes a task; with `to: "trash"` it can be restored. Those below it move up to its parent, or with
   * `subtasks: "delete"` are deleted too.
   */
  delete(id: string, options: TaskDeletionOptions & ConditionalWrite = {}): Promise<Deleted> {
    const { subtasks, to, ...rest } = options;
    return this.remove(id, { subtasks, to }, rest);
  }
}

/** Returns a body with its entity tag, or undefined if it is unchanged. */
export function readTagged<Body>(
  transport: Transport,
  request: Request,
  { ifNoneMatch, ...options }: RequestOptions & { ifNoneMatch?: string },
): Promise<(Body & { etag: string }) | undefined> {
  const headers = { "If-None-Match": ifNoneMatch };
  return transport.send({ ...request, headers, repeatable: true, ...options }, async (response) => {
    if (response.status === 304) return undefined;
    return { ...((await response.json()) as Body), etag: response.headers.get("ETag") ?? "" };
  });
}
