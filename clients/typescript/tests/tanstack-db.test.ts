import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { test, type TestContext } from "node:test";
import { createCollection, createLiveQueryCollection, eq } from "@tanstack/db";
import type { Task } from "@taskward/client";
import { MemoryStorage, Store } from "@taskward/client/store";
import { listCollectionOptions, newList, newTask, taskCollectionOptions } from "@taskward/client/tanstack-db";
import { person, until, withoutService } from "./support.js";

async function device(t: TestContext, sub: string) {
  const store = await Store.open({ client: person(sub), storage: new MemoryStorage() });
  t.after(() => store.close());
  const tasks = createCollection(taskCollectionOptions(store));
  const lists = createCollection(listCollectionOptions(store));
  await Promise.all([tasks.preload(), lists.preload()]);
  t.after(() => Promise.all([tasks.cleanup(), lists.cleanup()]));
  return { store, tasks, lists };
}

/** Returns a task without the fields that the library adds to its rows. */
function plain(task: Task): Task {
  return Object.fromEntries(Object.entries(task).filter(([name]) => !name.startsWith("$"))) as Task;
}

test("two offline devices are merged, and equal to the list", { skip: withoutService }, async (t) => {
  const sub = randomUUID();
  const devices = await Promise.all([device(t, sub), device(t, sub)]);
  const [one, other] = devices;
  assert.ok(one && other);
  const shared = newTask({ title: "Shared", due: { date: "2026-11-21", time: "09:30" } });
  await one.tasks.insert(shared).isPersisted.promise;
  for (const { store } of devices) store.start();
  await until(() => other.tasks.has(shared.id), "it arrives");
  await until(() => devices.every(({ store }) => store.pending === 0), "it is confirmed");
  await Promise.all(devices.map(({ store }) => store.stop()));

  for (const [n, { tasks, lists }] of devices.entries()) {
    const list = newList({ title: `List ${n}` });
    lists.insert(list);
    for (let m = 0; m < 20; m += 1) {
      const task = newTask({ title: `Task ${m}`, list_id: list.id });
      tasks.insert(task);
      assert.equal(tasks.get(task.id)?.title, `Task ${m}`); // at once
      if (m % 2 === 0) tasks.update(task.id, (draft) => void (draft.is_completed = true));
      if (m % 5 === 0) await tasks.delete(task.id).isPersisted.promise;
    }
  }
  one.tasks.update(shared.id, (draft) => void (draft.title = "Renamed by one"));
  await other.tasks.update(shared.id, (draft) => void delete draft.due?.time).isPersisted.promise;
  const open = createLiveQueryCollection((query) =>
    query.from({ task: one.tasks }).where(({ task }) => eq(task.is_completed, false)),
  );
  await open.preload();
  for (const { store } of devices) store.start();
  const settled = () => devices.every(({ store }) => store.pending === 0 && store.state === "live");
  await until(settled, "everything is sent");

  const listed = new Map((await person(sub).tasks.list()).tasks.map((task) => [task.id, task]));
  assert.equal(listed.size, 1 + 2 * 16);
  for (const { tasks } of devices) {
    const held = () => new Map([...tasks.toArray].map((task) => [task.id, plain(task)]));
    const equal = () => [...listed].every(([id, task]) => held().get(id)?.updated_at === task.updated_at);
    await until(equal, "the collection has the list").catch(() => undefined);
    assert.deepEqual(held(), listed);
  }
  assert.deepEqual(listed.get(shared.id)?.due, { date: "2026-11-21" });
  assert.equal(open.size, [...listed.values()].filter(({ is_completed }) => !is_completed).length);
  await open.cleanup();
  assert.deepEqual(devices.flatMap(({ store }) => store.conflicts), []);
});

test("a task that is put into the trash leaves the collection, and comes back", { skip: withoutService }, async (t) => {
  const { store, tasks } = await device(t, randomUUID());
  store.start();
  const { id } = await store.tasks.create({ title: "Back again" });
  await store.tasks.delete(id, { to: "trash" });
  assert.equal(tasks.has(id), false);
  await store.settled();
  await store.tasks.restore(id);
  await until(() => tasks.get(id)?.title === "Back again", "it comes back");
});
