import type { Task } from "../types.js";
import { hasSameContent, isEqual, patched } from "./patch.js";
import { isAsNew, type Fields, type Kind, type NewWrite, type Stored, type Value, type Write } from "./records.js";

const REFERENCES = ["list_id", "parent_id", "position"];
const MERGED = ["due", "start", "recurrence", "metadata"];
const LABELS = ["labels", "add_labels", "remove_labels"];

/**
 * Adds a write to the queue, or changes a waiting write of the same object so that it does both; returns which
 * writes are to be stored and which are to be removed. A write that was sent is not changed any more.
 */
export function enqueue(queue: readonly Write[], added: Write): { put: Write[]; remove: number[] } {
  const waiting = queue.filter(({ batch }) => batch === undefined);
  const same = waiting.filter((write) => isSame(write, added));
  const last = same.at(-1);
  if (added.op === "update" && last !== undefined && last.op !== "delete" && mayJoin(queue, last, added)) {
    return { put: [joined(last, added)], remove: [] };
  }
  // What goes into the trash is sent as it was changed.
  if (added.op === "delete" && added.to === undefined && last !== undefined) return withDeletion(queue, same, added);
  return { put: [added], remove: [] };
}

/**
 * Returns the entity tag that a new write has to match, or undefined if there is none or an earlier write will return it.
 * What the app shows may be older than what is stored: it is `shown` unless the two have the same content.
 */
export function tagFor(write: NewWrite, queue: readonly Write[], stored: Stored | undefined, shown: string | undefined) {
  if (write.op === "create" || queue.some((one) => isSame(one, write) && one.result === undefined)) return undefined;
  const confirmed = lastConfirmed(queue, write.kind, write.id, stored);
  if (confirmed !== undefined) return confirmed.etag;
  return stored && write.before && hasSameContent(stored.value, write.before) ? stored.etag : shown;
}

/** Returns the last confirmed write of an object as the service answered, if the feed has not delivered it. */
export function lastConfirmed(queue: readonly Write[], kind: Kind, id: string, stored: Stored | undefined) {
  const result = queue.findLast((one) => isSame(one, { kind, id }) && one.result)?.result;
  return result?.value && !(stored && isAsNew(stored.value, result.value)) ? result : undefined;
}

function isSame(one: Pick<Write, "kind" | "id">, other: Pick<Write, "kind" | "id">): boolean {
  return one.kind === other.kind && one.id === other.id;
}

/** Returns whether the two have the same effect as one, and nothing that was written in between matters to it. */
function mayJoin(queue: readonly Write[], { seq, body }: Write, later: Write): boolean {
  const labels = LABELS.some((name) => name in body) && LABELS.some((name) => name in later.body);
  if (labels) return false; // what one adds, the other may remove
  const isSetAgain = MERGED.some((name) => body[name] === null && isObject(later.body[name]));
  if (isSetAgain) return false; // as one change, it would be merged with what the first one has cleared
  return queue.at(-1)?.seq === seq || REFERENCES.every((name) => !(name in later.body));
}

function joined(earlier: Write, later: Write): Write {
  const base = { ...later.base, ...earlier.base };
  if (earlier.op === "create") return { ...earlier, body: createdWith(earlier.body, later.body) };
  return { ...earlier, body: both(earlier.body, later.body), base };
}

/** Returns the changes that do what first some and then others do. */
function both(first: Fields, then: Fields): Fields {
  const result: Record<string, unknown> = { ...first, ...then };
  for (const name of MERGED) {
    const [one, other] = [first[name], then[name]];
    if (isObject(one) && isObject(other)) result[name] = { ...one, ...other };
  }
  return result;
}

/** Returns the body of a creation, with changes. */
function createdWith(body: Fields, changes: Fields): Fields {
  const draft = { ...body, updated_at: "" } as unknown as Value;
  const { updated_at: _, completed_at: __, position: ___, ...fields } = patched(draft, changes, "") as Partial<Task>;
  const { completed_at } = "is_completed" in changes ? changes : body;
  const { position } = "position" in changes ? changes : body;
  return { ...fields, ...(completed_at !== undefined && { completed_at }), ...(position !== undefined && { position }) };
}

/** The waiting changes of an object that is deleted are not sent, nor is its creation if nothing refers to it. */
function withDeletion(queue: readonly Write[], same: Write[], deletion: Write) {
  const [first] = same as [Write];
  const isNew = first.op === "create";
  if (isNew && !queue.some((write) => refersTo(write, deletion.id))) {
    return { put: [], remove: same.map(({ seq }) => seq) };
  }
  const changes = same.filter(({ op }) => op === "update");
  const earliest = changes[0];
  // The state that was changed is the one that is deleted.
  const matched = isNew || earliest === undefined ? deletion : withTagOf(deletion, earliest);
  return { put: [matched], remove: changes.map(({ seq }) => seq) };
}

function withTagOf(deletion: Write, { ifMatch }: Write): Write {
  const { ifMatch: _, ...rest } = deletion;
  return ifMatch === undefined ? rest : { ...rest, ifMatch };
}

function refersTo({ id, body }: Write, target: string): boolean {
  if (id === target) return false;
  const { position } = body;
  const beside = isObject(position) ? [position["after"], position["before"]] : [];
  return [body["list_id"], body["parent_id"], ...beside].some((reference) => isEqual(reference, target));
}

function isObject(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
