import type { Change } from "../types.js";
import { isAsNew, keyOf, type Stored, type Value, type Write } from "./records.js";
import type { Transaction } from "./storage.js";

export interface FeedUpdate {
  /** The cursor that the changes follow. */
  since: string | undefined;
  cursor: string;
  /** Whether they replace everything that is stored. */
  isComplete: boolean;
  changes: Change[];
  /** The time of their request, or 0 if it is not known. */
  startedAt: number;
}

/** Returns the tasks and lists of changes. */
export function valuesOf(changes: readonly Change[]): Value[] {
  return changes.flatMap((change) => (change.op === "upsert" ? valueOf(change) : []));
}

/** Stores one change, and returns the key of its object. */
export function applyOne(transaction: Transaction, change: Change): string {
  if (change.op === "delete") {
    const key = keyOf("kind" in change ? change.kind : "task", change.id);
    transaction.delete("objects", key);
    return key;
  }
  const kind = "task" in change ? "task" : "list";
  const value = valueOf(change);
  const key = keyOf(kind, value.id);
  transaction.put("objects", key, { kind, value, etag: change.etag } satisfies Stored);
  return key;
}

/** Removes a confirmed write once the feed has delivered its effect; marks one that was sent if its object is deleted. */
export function followUp(transaction: Transaction, write: Write, change: Change | undefined, startedAt: number): void {
  if (write.result === undefined) {
    if (change?.op === "delete" && write.batch !== undefined) {
      transaction.put("writes", write.seq, { ...write, deleted: true });
    }
    return;
  }
  if (write.undone) return; // until the task is restored
  const hasArrived =
    change?.op === "delete" ||
    (change?.op === "upsert" && write.result.value && isAsNew(valueOf(change), write.result.value));
  if (hasArrived || write.result.at < startedAt) transaction.delete("writes", write.seq);
}

function valueOf(change: Extract<Change, { op: "upsert" }>): Value {
  return "task" in change ? change.task : change.list;
}
