import { Resource, type ConditionalRead, type ConditionalWrite } from "./resource.js";
import { readTagged } from "./tasks.js";
import type { RequestOptions, Transport } from "./transport.js";
import type { Deleted, List, ListChanges, ListDeletionOptions, NewList, TaggedList } from "./types.js";

interface AllLists {
  lists: List[];
  etag: string;
}

export class Lists extends Resource<TaggedList, List, NewList, ListChanges> {
  constructor(transport: Transport) {
    super(
      transport,
      "/api/lists",
      (list, etag) => ({ list, etag }),
      ({ list }) => list,
    );
  }

  /** Returns all lists, archived ones too, in their order. */
  list(options: ConditionalRead): Promise<AllLists | undefined>;
  list(options?: RequestOptions): Promise<AllLists>;
  list(options: RequestOptions & { ifNoneMatch?: string } = {}): Promise<AllLists | undefined> {
    return readTagged<{ lists: List[] }>(this.transport, { path: "/api/lists" }, options);
  }

  /**
   * Deletes a list. Of one with tasks, `tasks` must say what becomes of them; else the code is LIST_NOT_EMPTY. With
   * `to: "trash"` the tasks that are deleted can be restored, and the list cannot.
   */
  delete(id: string, options: ListDeletionOptions & ConditionalWrite = {}): Promise<Deleted> {
    const { tasks, to, ...rest } = options;
    return this.remove(id, { tasks, to }, rest);
  }
}
