import assert from "node:assert/strict";
import { test } from "node:test";
import { patched, satisfied } from "../dist/store/patch.js";
import { enqueue } from "../dist/store/queue.js";
import type { Write } from "../dist/store/records.js";
import { View } from "../dist/store/view.js";
import type { Task } from "@taskward/client";
import { TASK } from "./support.js";

const A = "01a1fbfc-4844-7a1c-8c5e-5d1f3c2b1a0a";
const B = "01a1fbfc-4844-7a1c-8c5e-5d1f3c2b1a0b";

function write(seq: number, op: Write["op"], id: string, body: Write["body"] = {}, more: Partial<Write> = {}): Write {
  return { seq, kind: "task", op, id, body, base: {}, ...more };
}

/** Returns the queue after these writes, each with its operation, its object and its body. */
function queued(...writes: Write[]): unknown[] {
  const queue = new Map<number, Write>();
  for (const added of writes) {
    const { put, remove } = enqueue([...queue.values()], added);
    for (const one of put) queue.set(one.seq, one);
    for (const seq of remove) queue.delete(seq);
  }
  return [...queue.values()].map(({ op, id, body }) => [op, id === A ? "A" : "B", body]);
}

test("waiting changes of one object are joined, and the tag is that of the first", () => {
  assert.deepEqual(
    queued(
      write(1, "update", A, { title: "One", due: { date: "2026-11-21", time: "09:00" } }),
      write(2, "update", B, { title: "Between" }),
      write(3, "update", A, { priority: "high", due: { time: null } }),
    ),
    [["update", "A", { title: "One", due: { date: "2026-11-21", time: null }, priority: "high" }], ["update", "B", { title: "Between" }]],
  );
  const { put } = enqueue([write(1, "update", A, { title: "x" }, { ifMatch: '"1"', base: { title: "old" } })], write(2, "update", A, { title: "y" }, { base: { title: "x" } }));
  assert.deepEqual([put[0]?.ifMatch, put[0]?.base], ['"1"', { title: "old" }]);
});

test("changes are joined with the creation", () => {
  assert.deepEqual(
    queued(
      write(1, "create", A, { title: "New", description: "x", labels: ["b"] }),
      write(2, "update", A, { description: null, is_completed: true, completed_at: "2026-11-21T10:00:00+01:00" }),
      write(3, "update", A, { priority: "low", position: { at: "first" } }),
    ),
    [["create", "A", { title: "New", description: null, labels: ["b"], is_completed: true, completed_at: "2026-11-21T10:00:00+01:00", priority: "low", position: { at: "first" } }]],
  );
});

test("a change that refers to what is made in between stays behind it", () => {
  const between = write(2, "create", B, { title: "Parent" });
  assert.equal(queued(write(1, "update", A, { title: "x" }), between, write(3, "update", A, { parent_id: B })).length, 3);
  assert.equal(queued(write(1, "create", A, { title: "x" }), between, write(3, "update", A, { position: { after: B } })).length, 3);
});

test("a value that is cleared and set again has nothing of the old one", () => {
  const names = ["due", "start", "recurrence", "metadata"];
  for (const name of names) {
    const writes = [write(1, "update", A, { [name]: null }), write(2, "update", A, { [name]: { key: "new" } })];
    assert.deepEqual(queued(...writes), [["update", "A", { [name]: null }], ["update", "A", { [name]: { key: "new" } }]]);
    assert.equal(queued(...writes, write(3, "update", A, { [name]: { other: 1 } })).length, 2);
  }
  const task = { kind: "task" as const, value: { ...TASK, id: A, due: { date: "2026-11-21", time: "09:00" } }, etag: "" };
  const again = [{ due: null }, { due: { date: "2026-12-24" } }].map((body, seq) => write(seq, "update", A, body));
  assert.deepEqual(new View([task], again, "").tasks.get(A)?.due, { date: "2026-12-24" });
});

test("labels that are added and removed keep their order", () => {
  assert.equal(queued(write(1, "update", A, { add_labels: ["x"] }), write(2, "update", A, { remove_labels: ["x"] })).length, 2);
  assert.equal(queued(write(1, "update", A, { add_labels: ["x"] }), write(2, "update", A, { title: "x" })).length, 1);
});

test("what was sent is not changed", () => {
  const sent = write(1, "update", A, { title: "One" }, { batch: "key" });
  assert.equal(queued(sent, write(2, "update", A, { title: "Two" })).length, 2);
  assert.deepEqual(queued(sent, write(2, "delete", A)).length, 2);
});

test("of an object that is deleted nothing else is sent, unless another one refers to it", () => {
  const create = write(1, "create", A, { title: "New" });
  assert.deepEqual(queued(create, write(2, "update", A, { title: "x" }), write(3, "delete", A)), []);
  assert.equal(queued(create, write(2, "create", B, { title: "Child", parent_id: A }), write(3, "delete", A)).length, 3);
  assert.equal(queued(create, write(2, "update", B, { position: { before: A } }), write(3, "delete", A)).length, 3);
  assert.deepEqual(queued(write(1, "update", A, { title: "x" }, { ifMatch: '"1"' }), write(2, "delete", A)), [["delete", "A", {}]]);
});

test("an object goes into the trash as it was changed, also a new one", () => {
  const trashed = write(3, "delete", A, {}, { to: "trash" });
  const change = write(2, "update", A, { title: "x" }, { ifMatch: '"1"' });
  assert.deepEqual(queued(write(1, "create", A, { title: "New" }), change, trashed), [["create", "A", { title: "x" }], ["delete", "A", {}]]);
  assert.deepEqual(queued(change, trashed), [["update", "A", { title: "x" }], ["delete", "A", {}]]);
  assert.deepEqual(queued(change, write(4, "delete", A)), [["delete", "A", {}]]);
});

test("a change shows what the service will make of it", () => {
  const task = { ...TASK, due: { date: "2026-11-21", time: "09:00", time_zone: "Europe/Berlin" }, labels: ["b", "Ä"] };
  const now = "2026-11-22T00:00:00.000000Z";
  const changed = (changes: Record<string, unknown>) => patched(task, changes, now) as unknown as Record<string, unknown>;
  assert.deepEqual(changed({ due: { time: null } })["due"], { date: "2026-11-21" });
  assert.equal("due" in changed({ due: null }), false);
  assert.deepEqual(changed({ add_labels: ["a", "B"], remove_labels: ["ä"] })["labels"], ["a", "b"]);
  assert.equal("labels" in changed({ labels: [] }), false);
  assert.equal(changed({ description: " " })["description"], null);
  assert.equal(changed({ title: " x " })["title"], "x");
  const completed = changed({ is_completed: true, completed_at: "2026-11-21T23:40:00-08:00" });
  assert.equal(completed["completed_at"], "2026-11-22T07:40:00.000000Z");
  assert.equal("completed_at" in (patched(completed as never, { is_completed: false }, now) as object), false);
  assert.equal("position" in changed({ position: { at: "first" } }), false);
  assert.ok(satisfied(task, { title: "Buy milk", due: { date: "2026-11-21" }, add_labels: ["B"] }));
  assert.ok(!satisfied(task, { title: "Buy bread" }));
});

test("what is in a deleted or moved object goes along", () => {
  const tasks = [
    { ...TASK, id: "a", list_id: "one" },
    { ...TASK, id: "b", list_id: "one", parent_id: "a" },
    { ...TASK, id: "c", list_id: "one", parent_id: "b" },
    { ...TASK, id: "d" },
  ];
  const list = { ...TASK, id: "one", is_archived: false, position: "a" };
  const objects = [
    ...tasks.map((value) => ({ kind: "task" as const, value, etag: "" })),
    { kind: "list" as const, value: list, etag: "" },
  ];
  const shown = (added: Write) =>
    [...new View(objects, [added], "").tasks.values()].map(({ id, list_id, parent_id }) => [id, list_id, parent_id]);
  assert.deepEqual(shown(write(1, "delete", "b", {}, { contents: "delete" })), [["a", "one", undefined], ["d", undefined, undefined]]);
  assert.deepEqual(shown(write(1, "delete", "b")), [["a", "one", undefined], ["c", "one", "a"], ["d", undefined, undefined]]);
  assert.deepEqual(shown(write(1, "update", "b", { parent_id: "d" })).slice(1, 3), [["b", undefined, "d"], ["c", undefined, "b"]]);
  assert.deepEqual(
    shown(write(1, "delete", "one", {}, { kind: "list", contents: "keep" })).map(([, list]) => list),
    [undefined, undefined, undefined, undefined],
  );
  assert.deepEqual(shown(write(1, "delete", "one", {}, { kind: "list", contents: "delete" })).map(([id]) => id), ["d"]);
});

test("times of reminders are as the service writes them, so that its answer is no other state", () => {
  const reminders = [{ offset_minutes: -10 }, { at: "2031-02-02T08:30:00.000Z" }, { at: "2031-02-02T09:30:00+01:00" }];
  const shown: Task = patched<Task>(TASK, { reminders }, TASK.updated_at);
  const at = "2031-02-02T08:30:00Z";
  assert.deepEqual(shown.reminders, [{ offset_minutes: -10 }, { at }, { at }]);
  assert.ok(satisfied({ ...TASK, reminders: [{ offset_minutes: -10 }, { at }, { at }] }, { reminders }));
  assert.ok(!("reminders" in patched(shown, { reminders: [] }, TASK.updated_at)));
});
