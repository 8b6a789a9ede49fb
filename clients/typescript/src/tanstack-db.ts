import type { CollectionConfig, SyncConfig } from "@tanstack/db";
import { difference } from "./documents.js";
import { isEqual } from "./store/patch.js";
import type { LocalObjects } from "./store/objects.js";
import type { Fields } from "./store/records.js";
import type { Store } from "./store/store.js";
import type { List, NewList, NewTask, Task } from "./types.js";
import { timeOf, uuid7 } from "./uuid7.js";

/** Returns the options of a collection that has the tasks of a store. */
export function taskCollectionOptions(store: Store): CollectionConfig<Task, string> {
  return options("tasks", store, store.tasks, (id) => store.tasks.delete(id));
}

/** Returns the options of a collection that has the lists of a store. Tasks of a deleted list are kept, in no list. */
export function listCollectionOptions(
  store: Store,
  { tasksOfDeletedLists = "keep" }: { tasksOfDeletedLists?: "keep" | "delete" } = {},
): CollectionConfig<List, string> {
  return options("lists", store, store.lists, (id) => store.lists.delete(id, { tasks: tasksOfDeletedLists }));
}

/** Returns a task to insert into a collection. */
export function newTask(fields: Pick<Task, "title"> & Partial<Task>): Task {
  return { ...blank(fields.id), description: null, is_completed: false, ...fields };
}

/** Returns a list to insert into a collection. */
export function newList(fields: Pick<List, "title"> & Partial<List>): List {
  const base = blank(fields.id);
  return { ...base, is_archived: false, position: `m${base.id.replaceAll("-", "")}h`, ...fields };
}

function blank(id = uuid7()) {
  const now = new Date(timeOf(id)).toISOString().replace("Z", "000Z");
  return { id, user_id: "", created_at: now, updated_at: now };
}

function options<Row extends Task | List>(
  id: string,
  store: Store,
  objects: LocalObjects<Row, NewTask | NewList, never, never>,
  remove: (id: string) => Promise<void>,
): CollectionConfig<Row, string> {
  return {
    id: `taskward-${id}`,
    getKey: (row) => row.id,
    sync: { sync: (collection) => follow(store, objects, collection), rowUpdateMode: "full" },
    // The store has a write before these end, and so the collection; what is optimistic is not missed.
    onInsert: async ({ transaction }) => {
      for (const { key, modified } of transaction.mutations) {
        await objects.create(difference(undefined, modified as unknown as Fields) as NewTask, key);
      }
    },
    onUpdate: async ({ transaction }) => {
      for (const { key, original, modified } of transaction.mutations) {
        await objects.update(key, difference(original as unknown as Fields, modified as unknown as Fields) as never);
      }
    },
    onDelete: async ({ transaction }) => {
      for (const { key } of transaction.mutations) await remove(key);
    },
  };
}

/** Copies the rows of the store, and each change of them, into a collection; returns a function that ends it. */
function follow<Row extends Task | List>(
  store: Store,
  objects: Pick<LocalObjects<Row, never, never, never>, "all">,
  { begin, write, commit, markReady }: Parameters<SyncConfig<Row, string>["sync"]>[0],
): () => void {
  let shown = new Map<string, Row>();
  const update = () => {
    const rows = new Map(objects.all().map((row) => [row.id, row]));
    begin();
    for (const [id, row] of rows) {
      const before = shown.get(id);
      if (before === undefined) write({ type: "insert", value: row });
      else if (before !== row && !isEqual(before, row)) write({ type: "update", value: row });
    }
    for (const id of shown.keys()) if (!rows.has(id)) write({ type: "delete", key: id });
    commit();
    shown = rows;
  };
  update();
  markReady();
  return store.subscribe(update);
}
