import { localTime } from "../time.js";
import type { List, NewTask, Task, TaskChanges, TaskDeletionOptions } from "../types.js";
import { uuid7 } from "../uuid7.js";
import { touched } from "./patch.js";
import type { Fields, Kind, NewWrite } from "./records.js";

/** The functions of a store that its tasks and lists use. */
export interface Writer<Value> {
  get: (id: string) => Value | undefined;
  values: () => ReadonlyMap<string, Value>;
  /** Stores a write; afterwards the values have it. */
  write: (write: NewWrite) => Promise<void>;
  /** Runs `work` after all work that was passed to it before. */
  runInOrder: <Result>(work: () => Promise<Result>) => Promise<Result>;
}

/** The tasks, or the lists, of a store. Writes are executed in the order of the calls, whether or not one waits. */
export class LocalObjects<Value extends Task | List, New, Changes, Deletion> {
  constructor(
    private readonly kind: Kind,
    private readonly writer: Writer<Value>,
  ) {}

  /** Returns one, or undefined if there is none with that id. */
  get(id: string): Value | undefined {
    return this.writer.get(id);
  }

  /** Returns all of them, in no particular order. */
  all(): Value[] {
    return [...this.writer.values().values()];
  }

  /** Creates one and returns it, as far as it is known before the service has it. */
  create(body: New, id = uuid7()): Promise<Value> {
    return this.writer.runInOrder(async () => {
      await this.writer.write({ kind: this.kind, op: "create", id, body: withCompletion(body as Fields), base: {} });
      return this.#existing(id);
    });
  }

  /** Changes the fields that are given. */
  update(id: string, changes: Changes): Promise<Value> {
    return this.writer.runInOrder(async () => {
      const before = this.#existing(id);
      const body = withCompletion(changes as Fields);
      await this.writer.write({ kind: this.kind, op: "update", id, body, base: touched(before, body), before });
      return this.#existing(id);
    });
  }

  /** Deletes one; the options say what becomes of its contents. */
  delete(id: string, ...[options]: object extends Deletion ? [Deletion?] : [Deletion]): Promise<void> {
    return this.writer.runInOrder(async () => {
      const before = this.#existing(id);
      const { to, ...inside } = (options ?? {}) as { to?: "trash" };
      const [contents] = Object.values(inside) as ("delete" | "keep" | undefined)[];
      const deletion = { kind: this.kind, op: "delete", id, body: {}, base: {}, before } as const;
      await this.writer.write({ ...deletion, ...(contents && { contents }), ...(to && { to }) });
    });
  }

  #existing(id: string): Value {
    const value = this.get(id);
    if (value === undefined) throw new Error(`There is no ${this.kind} ${id}`);
    return value;
  }
}

/** The tasks of a store. */
export class LocalTasks extends LocalObjects<Task, NewTask, TaskChanges, TaskDeletionOptions> {
  constructor(
    writer: Writer<Task>,
    private readonly restorer: (id: string) => Promise<void>,
  ) {
    super("task", writer);
  }

  /**
   * Takes a task out of the trash, with all that were deleted with it. A deletion that is not confirmed is taken back:
   * at once, or if it was sent, as soon as it is confirmed. Otherwise this needs the network, and the tasks are there once
   * the feed has brought them.
   *
   * Throws an ApiError with the code NOT_FOUND if the task is not in the trash, and a NetworkError without a network.
   */
  restore(id: string): Promise<void> {
    return this.restorer(id);
  }
}

/** Adds the time of a completion, because the service may get the change much later. */
function withCompletion(body: Fields): Fields {
  return body["is_completed"] === true && !("completed_at" in body) ? { ...body, completed_at: localTime() } : body;
}
