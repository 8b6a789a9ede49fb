import { isEqual } from "./store/patch.js";
import type { Fields } from "./store/records.js";

/** Fields that a client does not write, or not by themselves. */
const READ_ONLY = new Set([
  ...["id", "user_id", "created_at", "updated_at", "completed_at", "series_id", "next_id", "created_by", "updated_by", "etag"],
  ...["_deleted", "_attachments", "_meta", "_rev"],
]);
/** Fields whose value is merged with what is there. */
const MERGED = new Set(["due", "start", "recurrence", "metadata"]);

/** Returns the names of the fields that a client writes, of both objects. */
export function writableFields(...objects: (Fields | undefined)[]): string[] {
  const names = new Set(objects.flatMap((object) => Object.keys(object ?? {})));
  return [...names].filter((name) => !READ_ONLY.has(name) && !name.startsWith("$")); // TanStack DB adds such names
}

/** Returns the changes that make `next` of `previous`; without one, the body of a creation. */
export function difference(previous: Fields | undefined, next: Fields): Fields {
  const changed = writableFields(previous, next).filter((name) => !isSame(previous?.[name], next[name]));
  const entries = changed.map((name) => [name, changeOf(name, previous?.[name], next[name])] as const);
  const changes: Record<string, unknown> = Object.fromEntries(entries);
  if (changes["is_completed"] === true && next["completed_at"] !== undefined) changes["completed_at"] = next["completed_at"];
  return changes;
}

/** Returns the names of the fields that were changed since an object was sent. What the service has filled in is none. */
export function changedSince(sent: Fields, current: Fields): string[] {
  const isFilledIn = (name: string) => name === "position" && sent[name] === undefined;
  return writableFields(sent, current).filter((name) => !isSame(sent[name], current[name]) && !isFilledIn(name));
}

/** Returns whether two values of a field are the same; none is the same as null and as false. */
export function isSame(one: unknown, other: unknown): boolean {
  return isEqual(one === false ? null : (one ?? null), other === false ? null : (other ?? null));
}

function changeOf(name: string, previous: unknown, next: unknown): unknown {
  if (next === undefined || next === null || !MERGED.has(name)) return next ?? null;
  const removed = Object.keys((previous ?? {}) as object).filter((key) => (next as Fields)[key] === undefined);
  return { ...Object.fromEntries(removed.map((key) => [key, null])), ...(next as object) };
}
