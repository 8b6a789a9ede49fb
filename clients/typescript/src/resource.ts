import { ApiError, isDeletedBefore } from "./errors.js";
import { pathOf } from "./path.js";
import { post, type KeyOptions } from "./post.js";
import type { Request, RequestOptions, Transport } from "./transport.js";
import type { Deleted } from "./types.js";

export interface ConditionalRead extends RequestOptions {
  /** The entity tag of what is known: if it is unchanged, the result is undefined. */
  ifNoneMatch: string;
}

export interface ConditionalWrite extends RequestOptions {
  /** The entity tag that the object must have. Otherwise the error has the code PRECONDITION_FAILED. */
  ifMatch?: string;
}

/** Attempts of `modify`, which repeats a change if the object was changed since it was read. */
const MAX_MODIFY_ATTEMPTS = 10;

const DELETED = {
  "/api/tasks": "Task deleted successfully",
  "/api/lists": "List deleted successfully",
  "/api/comments": "Comment deleted successfully",
} as const;

/** The methods that tasks, lists and comments have in common. `Tagged` is `{ task, etag }`, for example. */
export class Resource<Tagged extends { etag: string }, Value, New, Changes> {
  constructor(
    protected readonly transport: Transport,
    private readonly path: keyof typeof DELETED,
    private readonly tagged: (value: Value, etag: string) => Tagged,
    private readonly valueOf: (tagged: Partial<Tagged>) => Value | undefined,
  ) {}

  get(id: string, options: ConditionalRead): Promise<Tagged | undefined>;
  get(id: string, options?: RequestOptions): Promise<Tagged>;
  async get(id: string, options: RequestOptions & { ifNoneMatch?: string } = {}): Promise<Tagged | undefined> {
    const { ifNoneMatch, ...rest } = options;
    const headers = { "If-None-Match": ifNoneMatch };
    return this.transport.send({ path: this.pathOf(id), headers, repeatable: true, ...rest }, (response) =>
      response.status === 304 ? Promise.resolve(undefined) : this.#read(response),
    );
  }

  /** Creates an object with an id of the service. */
  create(body: New, options: KeyOptions = {}): Promise<Tagged> {
    return this.transport.send(post(this.path, body, options), (response) => this.#read(response));
  }

  /**
   * Creates an object with an id of the client, which `uuid7` makes. It may be repeated at any time; an ApiError with the
   * code PRECONDITION_FAILED says that the id exists, and has the object under `current`.
   */
  async createWithId(id: string, body: New, options: RequestOptions = {}): Promise<Tagged> {
    const headers = { "If-None-Match": "*" };
    const request: Request = { method: "PUT", path: this.pathOf(id), body, headers, repeatable: true, ...options };
    try {
      return await this.transport.send(request, (response) => this.#read(response));
    } catch (error) {
      const existing = error instanceof ApiError && error.maybeExecuted && this.#current(error);
      if (existing) return existing; // made by an attempt whose response was lost
      throw error;
    }
  }

  /** Changes the fields that are given. */
  async update(id: string, changes: Changes, { ifMatch, ...options }: ConditionalWrite = {}): Promise<Tagged> {
    const headers = { "If-Match": ifMatch };
    // Repeated after a success whose response was lost, a conditional change fails.
    const repeatable = ifMatch === undefined;
    const request: Request = { method: "PATCH", path: this.pathOf(id), body: changes, headers, repeatable, ...options };
    return this.transport.send(request, (response) => this.#read(response));
  }

  /**
   * Reads the object, and changes it as `change` says, provided that it is still what was read. If not, that is
   * repeated; so `change` may be called several times. If it returns undefined, nothing is changed.
   */
  async modify(id: string, change: (current: Value) => Changes | undefined, options: RequestOptions = {}): Promise<Tagged> {
    for (let attempt = 1; ; attempt += 1) {
      const read = await this.get(id, options);
      const changes = change(this.valueOf(read) as Value);
      if (changes === undefined) return read;
      try {
        return await this.update(id, changes, { ...options, ifMatch: read.etag });
      } catch (error) {
        const isOutdated = error instanceof ApiError && error.code === "PRECONDITION_FAILED";
        if (!isOutdated || attempt === MAX_MODIFY_ATTEMPTS) throw error;
      }
    }
  }

  protected async remove(id: string, query: Request["query"], options: ConditionalWrite): Promise<Deleted> {
    const { ifMatch, ...rest } = options;
    const headers = { "If-Match": ifMatch };
    const request: Request = { method: "DELETE", path: this.pathOf(id), headers, repeatable: true, ...rest };
    try {
      return await this.transport.send({ ...request, ...(query && { query }) }, (response) => response.json());
    } catch (error) {
      if (!isDeletedBefore(error)) throw error;
      return { message: DELETED[this.path], id } as Deleted;
    }
  }

  protected pathOf(id: string): string {
    return pathOf(this.path, id);
  }

  async #read(response: Response): Promise<Tagged> {
    return this.tagged((await response.json()) as Value, response.headers.get("ETag") ?? "");
  }

  #current({ current }: ApiError): Tagged | undefined {
    const value = this.valueOf(current as Partial<Tagged>);
    return value === undefined || current.etag === undefined ? undefined : this.tagged(value, current.etag);
  }
}
