import { subjectOf } from "../feed.js";
import type { SharedChange } from "../types.js";
import { isAsNew, keyOf, type StoredObject, type Value, type Write } from "./records.js";
import type { Transaction } from "./storage.js";

export interface FeedUpdate {
  /** The cursor that the changes follow. */
  since: string | undefined;
  cursor: string;
  /** Whether they replace everything that is stored. */
  isComplete: boolean;
  changes: SharedChange[];
  /** The time of their request, or 0 if it is not known. */
  startedAt: number;
}

/** Returns the tasks and lists of changes. */
export function valuesOf(changes: readonly SharedChange[]): Value[] {
  return changes.flatMap((change) => valueOf(change) ?? []);
}

/** Stores one change, and returns the key of its object. */
export function applyOne(transaction: Transaction, change: SharedChange): string {
  const { kind, id, value } = subjectOf(change);
  const key = keyOf(kind, id);
  if (change.op === "delete") transaction.delete("objects", key);
  else transaction.put("objects", key, { kind, value, etag: change.etag } as StoredObject);
  return key;
}

/** Removes a confirmed write once the feed has delivered its effect; marks one that was sent if its object is deleted. */
export function followUp(transaction: Transaction, write: Write, change: SharedChange | undefined, startedAt: number): void {
  if (write.result === undefined) {
    if (change?.op === "delete" && write.batch !== undefined) {
      transaction.put("writes", write.seq, { ...write, deleted: true });
    }
    return;
  }
  if (write.undone) return; // until the task is restored
  const value = change && valueOf(change);
  const hasArrived = change?.op === "delete" || (value && write.result.value && isAsNew(value, write.result.value));
  if (hasArrived || write.result.at < startedAt) transaction.delete("writes", write.seq);
}

function valueOf(change: SharedChange): Value | undefined {
  return "task" in change ? change.task : "list" in change ? change.list : undefined;
}
