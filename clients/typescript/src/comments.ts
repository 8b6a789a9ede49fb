import { Resource, type ConditionalRead, type ConditionalWrite } from "./resource.js";
import { readTagged } from "./tasks.js";
import type { RequestOptions, Transport } from "./transport.js";
import type { Comment, CommentChanges, CommentPage, CommentQuery, Deleted, NewComment, TaggedComment } from "./types.js";

/** The comments on tasks. Only its author changes one; a space's owners delete any. */
export class Comments extends Resource<TaggedComment, Comment, NewComment, CommentChanges> {
  constructor(transport: Transport) {
    super(
      transport,
      "/api/comments",
      (comment, etag) => ({ comment, etag }),
      ({ comment }) => comment,
    );
  }

  /** Returns a page of comments, by default the oldest first; `next_cursor` is null on the last one. */
  list(query: CommentQuery, options: ConditionalRead): Promise<(CommentPage & { etag: string }) | undefined>;
  list(query?: CommentQuery, options?: RequestOptions): Promise<CommentPage & { etag: string }>;
  list(query: CommentQuery = {}, options: RequestOptions & { ifNoneMatch?: string } = {}) {
    return readTagged<CommentPage>(this.transport, { path: "/api/comments", query }, options);
  }

  /** Yields all comments of a query, page by page. */
  async *all(query: CommentQuery = {}, options: RequestOptions = {}): AsyncGenerator<Comment, void, undefined> {
    let page: CommentPage | undefined;
    while (page?.next_cursor !== null) {
      const cursor = page === undefined ? {} : { cursor: page.next_cursor };
      page = await this.list({ ...query, ...cursor }, options);
      yield* page.comments;
    }
  }

  delete(id: string, options: ConditionalWrite = {}): Promise<Deleted> {
    return this.remove(id, undefined, options);
  }
}
