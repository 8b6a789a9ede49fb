import type { Task, TaskDate } from "../types.js";
import type { Fields, Value } from "./records.js";

const OBJECTS = new Set(["due", "start", "recurrence", "metadata"]);
/** Fields of a request that are no fields of the object. */
const COMMANDS = new Set(["add_labels", "remove_labels"]);
/** Fields that the service sets, also along with others. */
const DERIVED = new Set(["user_id", "created_at", "updated_at", "completed_at", "position", "created_by", "updated_by"]);

/** Returns an object with changes, as the service will make it, as far as that can be known here. */
export function patched<Patched extends Value>(value: Patched, changes: Fields, now: string): Patched {
  const result: Record<string, unknown> = { ...value };
  for (const [name, change] of Object.entries(changes)) {
    if (COMMANDS.has(name) || name === "completed_at") continue;
    if (name === "position" && typeof change === "object" && change !== null) continue; // the service chooses the key
    set(result, name, OBJECTS.has(name) ? merged(result[name], change) : change);
  }
  if ("labels" in changes || "add_labels" in changes || "remove_labels" in changes) setLabels(result, changes);
  if ("is_completed" in changes) setCompletion(result, value, changes, now);
  return { ...result, updated_at: now > value.updated_at ? now : value.updated_at } as Patched;
}

/** Returns the fields that changes touch, as they are; null for one without a value. */
export function touched(value: Value, changes: Fields): Fields {
  const names = Object.keys(changes).filter((name) => !COMMANDS.has(name) && name !== "completed_at");
  const fields = value as unknown as Fields;
  return Object.fromEntries(names.map((name) => [name, fields[name] ?? null]));
}

/** Returns whether an object already is as changes would make it. */
export function satisfied(value: Value, changes: Fields): boolean {
  if (typeof changes["position"] === "object" && changes["position"] !== null) return false;
  const position = "position" in changes ? (changes["position"] ?? null) === (fieldsOf(value)["position"] ?? null) : true;
  return position && hasSameContent(value, patched(value, changes, value.updated_at));
}

/** Returns whether two states of an object differ at most in what the service sets. */
export function hasSameContent(one: Value, other: Value): boolean {
  return isEqual(content(one), content(other));
}

/** Returns whether two values of JSON are equal, in any order of keys. */
export function isEqual(one: unknown, other: unknown): boolean {
  return canonical(one) === canonical(other);
}

function fieldsOf(value: Value): Fields {
  return value as unknown as Fields;
}

function content(value: Value): Fields {
  return Object.fromEntries(Object.entries(value).filter(([name]) => !DERIVED.has(name)));
}

function canonical(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) =>
    typeof inner === "object" && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
}

function set(fields: Record<string, unknown>, name: string, value: unknown): void {
  const text = typeof value === "string" && (name === "title" || name === "description") ? value.trim() : value;
  if (name === "description") fields[name] = text === "" ? null : text;
  else if (name === "reminders" && Array.isArray(text) && text.length > 0) fields[name] = text.map(inUtc);
  else if (text === null || text === undefined || isEqual(text, [])) delete fields[name];
  else fields[name] = text;
}

/** Returns a reminder with its time as the service writes it, so that its answer is no other state than the one shown. */
function inUtc(reminder: { at?: string }): { at?: string } {
  const time = reminder.at === undefined ? NaN : Date.parse(reminder.at);
  return Number.isNaN(time) ? reminder : { ...reminder, at: new Date(time).toISOString().replace(".000Z", "Z") };
}

/** A merge of one level; RFC 7396 has no other here. */
function merged(value: unknown, change: unknown): unknown {
  if (typeof change !== "object" || change === null) return change;
  const result: Record<string, unknown> = { ...(value as object | undefined) };
  for (const [name, inner] of Object.entries(change)) {
    if (inner === null) delete result[name];
    else result[name] = inner;
  }
  if (result["time"] === undefined && "date" in result) delete (result as Partial<TaskDate>).time_zone;
  return Object.keys(result).length === 0 ? null : result;
}

function setLabels(fields: Record<string, unknown>, changes: Fields): void {
  const list = (name: string) => (changes[name] ?? []) as string[];
  const folded = (label: string) => label.trim().toLowerCase();
  const start = "labels" in changes ? list("labels") : ((fields["labels"] ?? []) as string[]);
  const removed = new Set(list("remove_labels").map(folded));
  const labels = new Map<string, string>();
  for (const label of [...start.filter((one) => !removed.has(folded(one))), ...list("add_labels")]) {
    if (!labels.has(folded(label))) labels.set(folded(label), label.trim());
  }
  set(fields, "labels", labels.size === 0 ? null : [...labels.values()].sort(byCodePoints));
}

function byCodePoints(one: string, other: string): number {
  const [a, b] = [[...one], [...other]].map((points) => points.map((point) => point.codePointAt(0) ?? 0));
  const at = a?.findIndex((point, n) => point !== b?.[n]) ?? -1;
  return at === -1 ? (a?.length ?? 0) - (b?.length ?? 0) : (a?.[at] ?? 0) - (b?.[at] ?? -1);
}

function setCompletion(fields: Record<string, unknown>, before: Value, changes: Fields, now: string): void {
  const since = (before as Partial<Task>).completed_at;
  if (changes["is_completed"] !== true) delete fields["completed_at"];
  else fields["completed_at"] = utc(changes["completed_at"]) ?? since ?? now;
}

function utc(time: unknown): string | undefined {
  return typeof time === "string" ? new Date(time).toISOString().replace("Z", "000Z") : undefined;
}
