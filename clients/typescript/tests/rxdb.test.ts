import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { test, type TestContext } from "node:test";
import { uuid7, type Taskward } from "@taskward/client";
import {
  conflictHandler,
  listSchema,
  replicateTaskward,
  taskSchema,
  type ListDocument,
  type Rejection,
  type TaskDocument,
} from "@taskward/client/rxdb";
import { createRxDatabase, type RxCollection } from "rxdb/plugins/core";
import { getRxStorageMemory } from "rxdb/plugins/storage-memory";
import { firstValueFrom } from "rxjs";
import { person, until, withoutService } from "./support.js";

const skip = withoutService;

interface Collections {
  tasks: RxCollection<TaskDocument>;
  lists: RxCollection<ListDocument>;
}

async function device(t: TestContext): Promise<Collections> {
  const database = await createRxDatabase<Collections>({
    name: `device-${randomUUID()}`,
    storage: getRxStorageMemory(),
    multiInstance: false,
  });
  t.after(() => database.close());
  return await database.addCollections({
    tasks: { schema: taskSchema, conflictHandler },
    lists: { schema: listSchema, conflictHandler },
  });
}

function replicate(client: Taskward, { tasks, lists }: Collections, onRejected?: (rejection: Rejection) => void) {
  const replication = replicateTaskward({ client, tasks, lists, retryTime: 100, ...(onRejected && { onRejected }) });
  const inSync = async () => {
    await replication.lists?.awaitInSync();
    await replication.tasks.awaitInSync();
  };
  const stop = async () => {
    await inSync();
    await replication.tasks.cancel();
    await replication.lists?.cancel();
  };
  return { ...replication, inSync, stop };
}

async function equalToTheList(client: Taskward, ...devices: Collections[]): Promise<void> {
  const { tasks } = await client.tasks.list();
  const expected = new Map(tasks.map((task) => [task.id, task.title]));
  for (const { tasks: collection } of devices) {
    const held = async () => new Map((await collection.find().exec()).map(({ id, title }) => [id, title]));
    const equal = async () => JSON.stringify([...(await held())].sort()) === JSON.stringify([...expected].sort());
    await until(equal, "a device has the list").catch(() => undefined);
    assert.deepEqual(await held(), expected);
    const [fields] = [await collection.find().exec()].map((all) => all.map((one) => one.toMutableJSON()));
    const known = new Map(tasks.map((task) => [task.id, task]));
    for (const { etag, ...document } of fields ?? []) {
      assert.match(etag ?? "", /^"/);
      assert.deepEqual(document, known.get(document.id));
    }
  }
}

/** Returns a client whose lists are sent late. */
function withSlowLists(): Taskward {
  return person(randomUUID(), {
    fetch: async (input, init) => {
      if (String(init?.body).includes('"kind":"list"')) await new Promise((resolve) => setTimeout(resolve, 150));
      return await fetch(input, init);
    },
  });
}

/** Returns a client that sends tasks, and gets none. */
function withoutFeedOfTasks(sub: string): Taskward {
  return person(sub, {
    retries: 0,
    fetch: async (input, init) => {
      if (String(input).includes("kinds=tasks")) throw new TypeError("The network is down");
      return await fetch(input, init);
    },
  });
}

test("two offline devices are merged, and equal to the list", { skip }, async (t) => {
  const client = withSlowLists();
  const [one, other] = await Promise.all([device(t), device(t)]);
  const shared = { id: uuid7(), title: "Shared" };
  const doomed = { id: uuid7(), title: "Doomed" };
  await one.tasks.bulkInsert([shared, doomed]);
  for (const each of [one, other]) {
    const replication = replicate(client, each);
    await replication.inSync();
    await replication.stop();
  }

  for (const [n, { tasks, lists }] of [one, other].entries()) {
    const list = await lists.insert({ id: uuid7(), title: `List ${n}` });
    const parent = await tasks.insert({ id: uuid7(), title: "Parent", list_id: list.id });
    for (let m = 0; m < 30; m += 1) {
      const child = await tasks.insert({ id: uuid7(), title: `Child ${m}`, parent_id: parent.id });
      if (m % 3 === 0) await child.incrementalPatch({ is_completed: true, due: { date: "2026-11-21" } });
      if (m % 5 === 0) await child.getLatest().remove();
    }
    await parent.incrementalPatch({ description: "Written after its children" });
  }
  const edit = async ({ tasks }: Collections, changes: Partial<TaskDocument>) =>
    await (await tasks.findOne(shared.id).exec(true)).incrementalPatch(changes);
  await edit(one, { title: "Renamed by one" });
  await edit(other, { priority: "high" });
  await (await one.tasks.findOne(doomed.id).exec(true)).remove();
  const replications = [replicate(client, one), replicate(client, other)];
  for (const { inSync } of replications) await inSync();

  await equalToTheList(client, one, other);
  const { task } = await client.tasks.get(shared.id);
  assert.deepEqual([task.title, task.priority], ["Renamed by one", "high"]);
  assert.equal((await client.lists.list()).lists.length, 2);
  assert.equal((await client.tasks.list()).tasks.length, 1 + 2 * 25);
  await edit(one, { title: "Live" });
  await edit(one, { title: "Live, and at once again" });
  const title = async () => (await other.tasks.findOne(shared.id).exec(true)).title;
  await until(async () => (await title()) === "Live, and at once again", "a change arrives by the stream");
  for (const { stop } of replications) await stop();
});

test("conflicts and refusals are reported, and expired cursors end in the list", { skip }, async (t) => {
  const sub = randomUUID();
  const client = person(sub);
  const here = await device(t);
  const both = { id: uuid7(), title: "Both" };
  const gone = { id: uuid7(), title: "Gone" };
  await here.tasks.bulkInsert([both, gone]);
  await replicate(client, here).stop();
  const change = async (id: string, title: string) =>
    await (await here.tasks.findOne(id).exec(true)).incrementalPatch({ title });
  await client.tasks.update(both.id, { title: "Of the other", priority: "low" });
  await client.tasks.delete(gone.id);
  await change(both.id, "Of this one");
  await change(gone.id, "Too late");
  await here.tasks.insert({ id: uuid7(), title: "Refused", list_id: randomUUID() });
  const rejections: Rejection[] = [];
  const replication = replicate(client, here, (rejection) => rejections.push(rejection));
  const conflicts: unknown[] = [];
  replication.tasks.conflict$.subscribe(({ input }) =>
    conflicts.push([input.newDocumentState.title, input.realMasterState._deleted || input.realMasterState.title]),
  );
  await until(() => conflicts.length === 3, "the conflicts are reported");

  assert.ok(conflicts.some((one) => JSON.stringify(one) === '["Of this one","Of the other"]'));
  assert.ok(conflicts.some((one) => JSON.stringify(one) === '["Too late",true]'));
  assert.deepEqual(rejections.map(({ error }) => error.details), [[{ field: "list_id", message: "List not found" }]]);
  await equalToTheList(client, here);
  await replication.stop();

  await here.tasks.insert({ id: uuid7(), title: "Sent, and erased before the feed brought it" });
  const sending = replicate(withoutFeedOfTasks(sub), here);
  await firstValueFrom(sending.tasks.sent$);
  await sending.tasks.cancel();
  await sending.lists?.cancel();
  await client.me.erase();
  await client.tasks.create({ title: "After the erasure" });
  const fresh = { id: uuid7(), title: "New here" };
  await here.tasks.insert(fresh);
  const again = replicate(client, here);
  await until(async () => (await client.tasks.list()).tasks.length === 2, "what is new here is sent");
  await equalToTheList(client, here);
  await again.stop();
});
