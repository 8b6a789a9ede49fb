import "fake-indexeddb/auto";
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { test, type TestContext } from "node:test";
import { Store } from "@taskward/client/store";
import { Taskward } from "@taskward/client";
import { answer, person, server, SERVICE_URL, TASK, token, until, withoutService } from "./support.js";

const skip = withoutService;

async function open(t: TestContext, client: Taskward, name = `tasks-${randomUUID()}`): Promise<Store> {
  const store = await Store.open({ client, name });
  t.after(() => store.close());
  return store;
}

async function settled(store: Store): Promise<void> {
  await until(() => store.pending === 0 && store.state === "live", "everything is sent");
}

async function trashOf(client: Taskward): Promise<string[]> {
  const titles: string[] = [];
  for await (const { task } of client.trash.all()) titles.push(task.title);
  return titles.sort();
}

const shown = (store: Store) => store.tasks.all().map(({ title }) => title).sort();

/** Returns a client whose requests wait for `before`, which may throw. */
function intercepted(sub: string, before: (path: string) => Promise<void> | void): Taskward {
  const send: typeof fetch = async (input, init) => {
    await before(new URL(String(input)).pathname);
    return await fetch(input, init);
  };
  return new Taskward({ baseUrl: SERVICE_URL, token: token(sub), fetch: send, retries: 0 });
}

test("what is put into the trash offline is there as it was changed, also after a reload, and can be restored", { skip }, async (t) => {
  const sub = randomUUID();
  const name = `tasks-${sub}`;
  const first = await open(t, person(sub), name);
  first.start();
  const parent = await first.tasks.create({ title: "Parent" });
  await first.tasks.create({ title: "Child", parent_id: parent.id });
  await settled(first);
  await first.stop();
  await first.tasks.update(parent.id, { title: "Renamed offline" });
  await first.tasks.delete(parent.id, { subtasks: "delete", to: "trash" });
  const made = await first.tasks.create({ title: "Made offline" });
  await first.tasks.delete(made.id, { to: "trash" });
  assert.deepEqual(shown(first), []);
  await first.close(); // a reload

  const second = await open(t, person(sub), name);
  assert.deepEqual(shown(second), []);
  second.start();
  await settled(second);
  assert.deepEqual(await trashOf(person(sub)), ["Child", "Made offline", "Renamed offline"]);
  await second.tasks.restore(parent.id);
  await until(() => shown(second).length === 2, "they come back with the feed", 5);
  assert.deepEqual(shown(second), ["Child", "Renamed offline"]);
  assert.equal(second.tasks.all().find(({ title }) => title === "Child")?.parent_id, parent.id);
  await second.tasks.restore(made.id);
  await until(() => shown(second).length === 3, "a task that was made offline comes back", 5);
  await assert.rejects(second.tasks.restore(made.id), { code: "NOT_FOUND" });
  assert.deepEqual([await trashOf(person(sub)), second.conflicts, second.pending], [[], [], 0]);
});

test("the tasks of a list go into the trash with it, and come back without it", { skip }, async (t) => {
  const sub = randomUUID();
  const store = await open(t, person(sub));
  store.start();
  const list = await store.lists.create({ title: "Home" });
  const task = await store.tasks.create({ title: "Inside", list_id: list.id });
  await store.lists.delete(list.id, { tasks: "delete", to: "trash" });
  await settled(store);
  assert.deepEqual(await trashOf(person(sub)), ["Inside"]);
  await store.tasks.restore(task.id);
  await until(() => shown(store).length === 1, "it comes back", 5);
  await until(() => store.tasks.get(task.id)?.list_id === undefined, "in no list", 5);
});

test("a deletion that was not sent is taken back without a network", { skip }, async (t) => {
  const sub = randomUUID();
  let isOffline = false;
  const client = intercepted(sub, () => {
    if (isOffline) throw new TypeError("There is no network");
  });
  const store = await open(t, client);
  store.start();
  const task = await store.tasks.create({ title: "Kept" });
  const gone = await store.tasks.create({ title: "Gone" });
  await settled(store);
  await store.tasks.delete(gone.id, { to: "trash" });
  await settled(store);
  await store.stop();
  isOffline = true;

  await store.tasks.update(task.id, { title: "Kept and changed" });
  await store.tasks.delete(task.id, { to: "trash" });
  await store.tasks.restore(task.id);
  assert.deepEqual([shown(store), store.pending], [["Kept and changed"], 1]);
  await assert.rejects(store.tasks.restore(gone.id), { name: "NetworkError" });
  isOffline = false;
  store.start();
  await settled(store);
  assert.deepEqual(await trashOf(person(sub)), ["Gone"]);
  assert.equal((await person(sub).tasks.get(task.id)).task.title, "Kept and changed");
});

test("a deletion whose response was lost is taken back without a network, also by the next page", { skip }, async (t) => {
  const sub = randomUUID();
  const name = `tasks-${sub}`;
  let isLosing = false;
  let lost = 0;
  const losing: typeof fetch = async (input, init) => {
    if (isLosing && lost > 0) throw new TypeError("There is no network");
    const response = await fetch(input, init);
    if (!isLosing || !String(input).endsWith("/api/batch")) return response;
    lost += 1;
    throw new TypeError("The connection was lost");
  };
  const first = await open(t, person(sub, { fetch: losing, retries: 0 }), name);
  first.start();
  const task = await first.tasks.create({ title: "Back again" });
  const other = await first.tasks.create({ title: "Deleted again" });
  await settled(first);
  isLosing = true;
  await first.tasks.delete(task.id, { to: "trash" });
  await first.tasks.delete(other.id, { to: "trash" });
  await until(() => lost > 0, "a response is lost");
  for (const { id } of [task, other]) await first.tasks.restore(id);
  assert.deepEqual(shown(first), ["Back again", "Deleted again"]);
  await first.tasks.update(task.id, { description: "Written after the undo" });
  await first.tasks.delete(other.id, { to: "trash" });
  assert.ok(first.pending > 0);
  await first.close();

  const second = await open(t, person(sub), name);
  assert.deepEqual(shown(second), ["Back again"]);
  second.start();
  await settled(second);
  assert.deepEqual([await trashOf(person(sub)), second.conflicts], [["Deleted again"], []]);
  assert.equal((await person(sub).tasks.get(task.id)).task.description, "Written after the undo");
  await until(() => second.tasks.get(task.id)?.description === "Written after the undo", "it is shown", 5);
});

test("a deletion that is being sent is taken back once it is executed", { skip }, async (t) => {
  const sub = randomUUID();
  const held: (() => void)[] = [];
  let isHolding = false;
  const client = intercepted(sub, async (path) => {
    if (isHolding && path === "/api/batch") await new Promise<void>((resolve) => held.push(resolve));
  });
  const store = await open(t, client);
  store.start();
  const task = await store.tasks.create({ title: "Back again" });
  await settled(store);
  isHolding = true;
  await store.tasks.delete(task.id, { to: "trash" });
  await until(() => held.length > 0, "the deletion is being sent");
  await store.tasks.restore(task.id);
  assert.deepEqual([shown(store), store.pending], [["Back again"], 1]);
  isHolding = false;
  held.pop()?.();
  await settled(store);
  await until(() => store.tasks.get(task.id) !== undefined, "it is there", 5);
  assert.deepEqual([await trashOf(person(sub)), (await person(sub).tasks.list()).tasks.length], [[], 1]);

  isHolding = true;
  await store.tasks.delete(task.id, { to: "trash" });
  await until(() => held.length > 0, "the deletion is being sent");
  await store.tasks.restore(task.id);
  await person(sub).tasks.update(task.id, { title: "Changed elsewhere" }); // so the deletion is refused
  isHolding = false;
  held.pop()?.();
  await settled(store);
  await until(() => store.tasks.get(task.id)?.title === "Changed elsewhere", "it is there", 5);
  assert.deepEqual(store.conflicts, []);
});

test("a deletion that was refused is taken back, and the conflict with it", { skip }, async (t) => {
  const sub = randomUUID();
  const store = await open(t, person(sub));
  store.start();
  const task = await store.tasks.create({ title: "Original" });
  await settled(store);
  await store.stop();
  await store.tasks.delete(task.id, { to: "trash" });
  await person(sub).tasks.update(task.id, { title: "Changed elsewhere" });
  store.start();
  await until(() => store.conflicts.length === 1, "it is refused");
  await store.tasks.restore(task.id);
  assert.deepEqual(store.conflicts, []);
  await until(() => shown(store)[0] === "Changed elsewhere", "it is there as it was changed", 5);
});

test("where the trash is off, a deletion becomes a conflict, and the app decides", async (t) => {
  const refusal = { error: "Validation failed", code: "VALIDATION_ERROR", details: [{ field: "to", message: "The trash is off" }] };
  const { url, received } = await server(t, ({ path, body }, response) => {
    const upsert = { op: "upsert", task: TASK, etag: '"1"' };
    if (path.includes("since=c1")) answer(response, 200, { changes: [], cursor: "c1", has_more: false });
    else if (path.includes("/changes")) answer(response, 200, { changes: [upsert], cursor: "c1", has_more: false });
    else if (path === "/api/batch") answer(response, 200, { results: [body.includes("trash") ? { status: 400, ...refusal } : { status: 200, message: "Task deleted successfully", id: TASK.id }] });
    else response.writeHead(200).write(":\n\n");
  });
  const store = await open(t, new Taskward({ baseUrl: url, token: token("ann") }));
  store.start();
  await until(() => store.tasks.get(TASK.id) !== undefined, "the task arrives");
  await store.tasks.delete(TASK.id, { to: "trash" });
  await until(() => store.conflicts.length === 1, "it is refused");

  const [conflict] = store.conflicts;
  assert.ok(conflict);
  assert.deepEqual([conflict.reason, conflict.error.details, conflict.write.to], ["rejected", refusal.details, "trash"]);
  assert.equal(store.tasks.get(TASK.id)?.title, TASK.title);
  await store.tasks.delete(TASK.id);
  await store.resolve(conflict, "theirs");
  await until(() => store.pending === 0, "it is deleted permanently");
  assert.deepEqual([store.tasks.all(), store.conflicts], [[], []]);
  const operations = received.filter(({ path }) => path === "/api/batch").map(({ body }) => (JSON.parse(body) as { operations: object[] }).operations[0]);
  assert.deepEqual(operations, [
    { op: "delete", kind: "task", id: TASK.id, if_match: '"1"', to: "trash" },
    { op: "delete", kind: "task", id: TASK.id, if_match: '"1"' },
  ]);
});
