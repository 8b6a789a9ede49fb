import type { BatchOperation, BrokenField, Comment, List, Member, Membership, Space, Task } from "../types.js";

export type Kind = "task" | "list";
export type Value = Task | List;
export type Fields = Readonly<Record<string, unknown>>;

/** A task or list as the service has it. */
export interface Stored {
  kind: Kind;
  value: Value;
  etag: string;
}

/** What is only read: comments, a space and its members, and of a person the spaces that they are in. */
export type StoredShared =
  | { kind: "comment"; value: Comment; etag: string }
  | { kind: "space"; value: Space; etag: string }
  | { kind: "member"; value: Member; etag: string }
  | { kind: "membership"; value: Membership; etag: string };

export type StoredObject = Stored | StoredShared;

/** A write that the service has not confirmed, or whose effect the feed has not delivered yet. */
export interface Write {
  /** Writes are sent in the order of these numbers. */
  seq: number;
  kind: Kind;
  op: "create" | "update" | "delete";
  id: string;
  /** The new object, or the changes. */
  body: Fields;
  /** What becomes of the subtasks, or of the tasks of a list, on a deletion. */
  contents?: "delete" | "keep";
  /** Where a deletion puts the tasks. Without it they are deleted permanently. */
  to?: "trash";
  /** Whether the deletion was taken back after it was sent: once it is confirmed, the task is restored. */
  undone?: boolean;
  /** The changed fields as they were before; null for one without a value. */
  base: Fields;
  /** The object that was changed or deleted, as the app showed it. */
  before?: Value;
  /** The entity tag of what was changed. Not known while an earlier write of the same object is not confirmed. */
  ifMatch?: string;
  /** The Idempotency-Key of the request that it was sent with. From then on it does not change. */
  batch?: string;
  /** Whether the feed has delivered a deletion of the object since it was sent. */
  deleted?: boolean;
  /** What the service has confirmed, and when: shown until the feed delivers it. */
  result?: { value?: Value; etag?: string; at: number };
}

export type NewWrite = Omit<Write, "seq" | "ifMatch">;

/** A write that was not executed, and that the app or the user has to decide about. */
export interface Conflict {
  id: number;
  /**
   * `changed`: another device was first. `gone`: the object was deleted. `rejected`: the service refuses it. `role`: the
   * user's role in the space does not allow it. `removed`: the user is not in the space any more; nothing that the
   * service had sent is kept.
   */
  reason: "changed" | "gone" | "rejected" | "role" | "removed";
  write: Write;
  /** The object as the app showed it with the write; of a deletion none. */
  mine: Value | undefined;
  /** The object as it is now, if it was changed. */
  current?: { value: Value; etag: string };
  error: { code: string; message: string; details: readonly BrokenField[] };
}

export function keyOf(kind: StoredObject["kind"], id: string): string {
  return `${kind}:${id}`;
}

/** Returns the key of an object. */
export function keyOfStored(stored: StoredObject): string {
  return keyOf(stored.kind, stored.kind === "membership" ? stored.value.space_id : stored.value.id);
}

/** Returns the operation of a batch that executes a write. */
export function operationOf({ kind, op, id, body, ifMatch, contents, to }: Write): BatchOperation {
  const matched = { ...(ifMatch !== undefined && { if_match: ifMatch }) };
  if (op === "create") return { op, kind, id, [kind]: body } as unknown as BatchOperation;
  if (op === "update") return { op, kind, id, ...matched, [kind]: body } as unknown as BatchOperation;
  const below = contents === undefined ? {} : { [kind === "task" ? "subtasks" : "tasks"]: contents };
  return { op, kind, id, ...matched, ...below, ...(to && { to }) } as unknown as BatchOperation;
}

/** Returns whether `value` is not older than `other`. The service moves `updated_at` forwards only. */
export function isAsNew(value: Value, other: Value): boolean {
  return value.updated_at >= other.updated_at; // both have microseconds
}
