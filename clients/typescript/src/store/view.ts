import type { List, Task } from "../types.js";
import { timeOf } from "../uuid7.js";
import { patched } from "./patch.js";
import { isAsNew, keyOfStored, type Stored, type StoredObject, type Value, type Write } from "./records.js";

/** The objects that an app shows: those of the service, with the unconfirmed writes applied. */
export class View {
  readonly tasks = new Map<string, Task>();
  readonly lists = new Map<string, List>();

  constructor(objects: Iterable<StoredObject>, writes: readonly Write[], user: string) {
    for (const one of objects) if (isStored(one)) this.#map(one.kind).set(one.value.id, one.value);
    for (const write of writes) this.#apply(write, user);
  }

  get(kind: Write["kind"], id: string): Value | undefined {
    return this.#map(kind).get(id);
  }

  #apply(write: Write, user: string): void {
    const { kind, id, op, result } = write;
    const known = this.get(kind, id);
    if (write.undone) {
      if (known === undefined && write.before) this.#map(kind).set(id, write.before); // until it is restored
    } else if (result !== undefined && op !== "delete") {
      if (result.value && !(known && isAsNew(known, result.value))) this.#map(kind).set(id, result.value);
    } else if (op === "create") {
      if (known === undefined) this.#set(kind, created(write, user), write);
    } else if (known !== undefined) {
      if (op === "delete") this.#delete(write);
      else this.#set(kind, patched(known, write.body, timestamp(Date.now())), write);
    }
  }

  #set(kind: Write["kind"], value: Value, { body }: Write): void {
    this.#map(kind).set(value.id, value);
    if (kind === "task" && ("list_id" in body || "parent_id" in body)) this.#placeBelowParent(value as Task);
  }

  /** A subtask is in the list of its parent; those below a task that moves move along. */
  #placeBelowParent(task: Task): void {
    const parent = task.parent_id === undefined ? undefined : this.tasks.get(task.parent_id);
    const list = parent === undefined ? task.list_id : parent.list_id;
    this.#tasksWith([task.id]).forEach((id) => this.#putInList(id, list));
  }

  #putInList(id: string, list: string | undefined): void {
    const { list_id: _, ...task } = this.tasks.get(id) as Task;
    this.tasks.set(id, list === undefined ? task : { ...task, list_id: list });
  }

  #delete({ kind, id, contents }: Write): void {
    const deleted = this.tasks.get(id);
    this.#map(kind).delete(id);
    const inside = kind === "list" ? this.#tasksOfList(id) : this.#children(id);
    if (contents === "delete") this.#tasksWith(inside).forEach((task) => this.tasks.delete(task));
    else if (kind === "list") inside.forEach((task) => this.#putInList(task, undefined));
    else inside.forEach((task) => this.#moveBelow(task, deleted?.parent_id));
  }

  #moveBelow(id: string, parent: string | undefined): void {
    const { parent_id: _, ...task } = this.tasks.get(id) as Task;
    this.tasks.set(id, parent === undefined ? task : { ...task, parent_id: parent });
  }

  #children(parent: string): string[] {
    return [...this.tasks.values()].filter((task) => task.parent_id === parent).map(({ id }) => id);
  }

  #tasksOfList(list: string): string[] {
    return [...this.tasks.values()].filter((task) => task.list_id === list).map(({ id }) => id);
  }

  /** Returns these tasks and all below them. */
  #tasksWith(ids: string[]): Set<string> {
    const found = new Set(ids);
    for (const id of found) this.#children(id).forEach((child) => found.add(child));
    return found;
  }

  #map(kind: Write["kind"]): Map<string, Value> {
    return (kind === "task" ? this.tasks : this.lists) as Map<string, Value>;
  }
}

/** Returns the object that a write makes of the one that the app showed; undefined for a deletion. */
export function written(write: Write): Value | undefined {
  if (write.op === "create") return created(write, "");
  return write.op === "update" && write.before ? patched(write.before, write.body, write.before.updated_at) : undefined;
}

/** Returns a new object as it will be, as far as that can be known here. */
function created({ kind, id, body }: Write, user: string): Value {
  const now = timestamp(timeOf(id));
  const times = { id, user_id: user, created_at: now, updated_at: now };
  const task = { title: "", description: null, is_completed: false };
  const list = { title: "", is_archived: false, position: `m${id.replaceAll("-", "")}h` };
  return patched({ ...times, ...(kind === "task" ? task : list) } as Value, body, now);
}

/** Returns the objects by their keys. */
export function byKey(objects: Iterable<StoredObject>): Map<string, StoredObject> {
  return new Map([...objects].map((stored) => [keyOfStored(stored), stored]));
}

/** Returns whether it is a task or a list. */
export function isStored(stored: StoredObject | undefined): stored is Stored {
  return stored?.kind === "task" || stored?.kind === "list";
}

/** Returns a time as the service writes it, with microseconds. */
function timestamp(milliseconds: number): string {
  return new Date(milliseconds).toISOString().replace("Z", "000Z");
}
