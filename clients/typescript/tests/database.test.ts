import assert from "node:assert/strict";
import { test } from "node:test";
import type { Task } from "@taskward/client";
import { MemoryStorage } from "@taskward/client/store";
import { Database } from "../dist/store/database.js";
import type { FeedUpdate } from "../dist/store/feed-update.js";
import type { NewWrite, Write } from "../dist/store/records.js";
import { View } from "../dist/store/view.js";
import { TASK } from "./support.js";

const upsert = (updated_at: string) => ({ op: "upsert" as const, task: { ...TASK, updated_at }, etag: `"${updated_at}"` });
const deletion = { op: "delete" as const, id: TASK.id };
const [AT_1, AT_2, AT_3] = ["1", "2", "3"].map((n) => `2026-11-21T10:00:0${n}.000000Z`) as [string, string, string];

function update(since: string | undefined, cursor: string, changes: FeedUpdate["changes"], more: Partial<FeedUpdate> = {}): FeedUpdate {
  return { since, cursor, changes, isComplete: since === undefined, startedAt: 0, ...more };
}

function writing(op: Write["op"], body: Write["body"], more: Partial<NewWrite> = {}): NewWrite {
  return { kind: "task", op, id: TASK.id, body, base: {}, ...more };
}

async function ofAnn(storage = new MemoryStorage()): Promise<Database> {
  const database = new Database(storage);
  await database.setOwner("ann");
  return database;
}

/** Returns a database that has sent one change of the task, and the request. */
async function sent(...updates: FeedUpdate[]) {
  const database = await ofAnn();
  for (const one of updates) await database.apply(one);
  await database.enqueue(writing("update", { title: "Sent" }, { base: { title: "Buy milk" } }), `"${AT_1}"`);
  const request = await database.nextBatch();
  assert.ok(request);
  return { database, ...request };
}

test("a step of the feed is applied once, and only to the cursor that it follows", async () => {
  const database = await ofAnn();
  assert.ok(await database.apply(update(undefined, "c1", [upsert(AT_1)])));
  assert.ok(await database.apply(update("c1", "c3", [deletion])));

  assert.equal(await database.apply(update("c1", "c2", [upsert(AT_2)])), undefined);
  assert.equal(await database.apply(update(undefined, "c9", [upsert(AT_2)])), undefined);
  assert.deepEqual([(await database.read()).objects, await database.cursor()], [[], "c3"]);
});

test("a request has one write of an object, and the next one gets the tag of its result", async () => {
  const database = await ofAnn();
  await database.apply(update(undefined, "c1", [upsert(AT_1)]));
  await database.enqueue(writing("update", { add_labels: ["x"] }), `"${AT_1}"`);
  await database.enqueue(writing("update", { remove_labels: ["x"] }));
  const first = await database.nextBatch();
  assert.deepEqual(first?.writes.map(({ body }) => body), [{ add_labels: ["x"] }]);
  const again = await database.nextBatch();
  assert.deepEqual(again, first, "a repeat is the same request");

  const result = { status: 200 as const, task: { ...TASK, updated_at: AT_2 }, etag: '"two"' };
  await database.settle(first.key, first.writes, [result]);
  await database.settle(first.key, first.writes, [result]); // by another tab
  const second = await database.nextBatch();
  assert.deepEqual(second?.writes.map(({ body, ifMatch }) => [body, ifMatch]), [[{ remove_labels: ["x"] }, '"two"']]);
  assert.notEqual(second?.key, first.key);
});

test("a write that follows one whose confirmation is not shown yet matches the confirmed tag", async () => {
  const result = { status: 200 as const, task: { ...TASK, title: "Sent", updated_at: AT_2 }, etag: '"two"' };
  const shown = { ...TASK, title: "Sent", updated_at: AT_1 };
  const matched = async (...steps: FeedUpdate[]) => {
    const { database, key, writes } = await sent(update(undefined, "c1", [upsert(AT_1)]));
    await database.settle(key, writes, [result]);
    for (const step of steps) await database.apply(step);
    await database.enqueue(writing("delete", {}, { before: shown }), `"${AT_1}"`);
    return (await database.nextBatch())?.writes.map(({ ifMatch }) => ifMatch);
  };
  const brought = (at: string, title: string) => ({ op: "upsert" as const, task: { ...result.task, title, updated_at: at }, etag: `"${at}"` });
  assert.deepEqual(await matched(), ['"two"']);
  assert.deepEqual(await matched(update("c1", "c2", [brought(AT_2, "Sent")])), [`"${AT_2}"`]);
  assert.deepEqual(await matched(update("c1", "c2", [brought(AT_3, "Of another device")])), [`"${AT_1}"`]);
});

test("a confirmed write is shown until the feed has brought it or something later", async () => {
  const result = { status: 200 as const, task: { ...TASK, title: "Sent", updated_at: AT_2 }, etag: '"two"' };
  const left = async (steps: FeedUpdate[], before: FeedUpdate[] = []) => {
    const { database, key, writes } = await sent(update(undefined, "c1", [upsert(AT_1)]), ...before);
    await database.settle(key, writes, [result]);
    for (const step of steps) await database.apply(step);
    return (await database.read()).writes.length;
  };
  assert.equal(await left([]), 1);
  assert.equal(await left([update("c1", "c2", [upsert(AT_1)])]), 1);
  assert.equal(await left([update("c1", "c2", [upsert(AT_2)])]), 0);
  assert.equal(await left([update("c1", "c2", [deletion])]), 0);
  assert.equal(await left([update("c1", "c2", [], { startedAt: Date.now() - 10_000 })]), 1);
  assert.equal(await left([update("c1", "c2", [], { startedAt: Date.now() + 10_000 })]), 0);
  assert.equal(await left([], [update("c1", "c2", [upsert(AT_3)])]), 0, "it was brought before the response");
});

test("what was created and deleted before the feed has brought it is not shown again", async () => {
  const database = await ofAnn();
  for (const [op, result] of [
    ["create", { status: 201 as const, task: TASK, etag: '"1"' }],
    ["delete", { status: 200 as const, message: "Task deleted successfully" as const, id: TASK.id }],
  ] as const) {
    await database.enqueue(writing(op, {}));
    const { key, writes } = (await database.nextBatch()) ?? assert.fail();
    await database.settle(key, writes, [result]);
  }
  const shown = async () => {
    const { objects, writes } = await database.read();
    return [new View(objects, writes, "").tasks.size, writes.length];
  };
  assert.deepEqual(await shown(), [0, 2]);
  await database.apply(update(undefined, "c1", [upsert(AT_1)]));
  assert.deepEqual(await shown(), [0, 1]);
  await database.apply(update("c1", "c2", [deletion]));
  assert.deepEqual(await shown(), [0, 0]);
});

test("a response that comes after the feed has brought a deletion brings nothing back", async () => {
  const { database, key, writes } = await sent(update(undefined, "c1", [upsert(AT_1)]));
  await database.apply(update("c1", "c2", [deletion]));
  await database.settle(key, writes, [{ status: 200, task: { ...TASK, updated_at: AT_2 }, etag: '"two"' }]);

  const { objects, writes: rest } = await database.read();
  assert.deepEqual([objects, rest], [[], []]);
});

test("a request that is refused as a whole is sent in parts, and the part that is refused is a conflict", async () => {
  const { database, key, writes } = await sent(update(undefined, "c1", [upsert(AT_1)]));
  await database.split(key);
  const alone = await database.nextBatch(1);
  assert.notEqual(alone?.key, key);
  assert.deepEqual(alone?.writes.map(({ seq }) => seq), writes.map(({ seq }) => seq));
  await database.refuse(alone?.writes ?? [], "rejected", { code: "PAYLOAD_TOO_LARGE", message: "Too large", details: [] });

  const { writes: rest, conflicts } = await database.read();
  assert.deepEqual([rest, conflicts.map(({ reason, error }) => [reason, error.code])], [[], [["rejected", "PAYLOAD_TOO_LARGE"]]]);
});

test("an overtaken change is sent again for other fields, and is a conflict for the same", async () => {
  const overtaken = async (current: Partial<typeof TASK>) => {
    const { database, key, writes } = await sent(update(undefined, "c1", [upsert(AT_1)]));
    const task = { ...TASK, updated_at: AT_2, ...current };
    await database.settle(key, writes, [{ status: 412, error: "x", code: "PRECONDITION_FAILED", task, etag: '"two"' }]);
    const { writes: rest, conflicts } = await database.read();
    return [rest.map(({ ifMatch, result }) => (result ? "done" : ifMatch)), conflicts.map(({ reason }) => reason)];
  };
  assert.deepEqual(await overtaken({ is_completed: true }), [['"two"'], []]);
  assert.deepEqual(await overtaken({ title: "Of another device" }), [[], ["changed"]]);
  assert.deepEqual(await overtaken({ title: "Sent" }), [["done"], []], "it was this write, whose response was lost");
});

test("a creation at an id that exists has succeeded before", async () => {
  const database = await ofAnn();
  await database.enqueue(writing("create", { title: "Buy milk" }));
  const { key, writes } = (await database.nextBatch()) ?? assert.fail();
  await database.settle(key, writes, [{ status: 412, error: "x", code: "PRECONDITION_FAILED", task: TASK, etag: '"1"' }]);

  const { writes: rest, conflicts } = await database.read();
  assert.deepEqual([rest.map(({ result }) => result?.value), conflicts], [[TASK], []]);
});

test("writes have an owner, and nobody else becomes it", async () => {
  const storage = new MemoryStorage();
  const nobodys = new Database(storage);
  await assert.rejects(nobodys.enqueue(writing("create", { title: "Of nobody" })), /whose/);
  await storage.transaction(async (transaction) => transaction.put("writes", 1, { ...writing("create", {}), seq: 1 }));
  await assert.rejects(nobodys.setOwner("bob"), { name: "OtherUserError" });

  const anns = new MemoryStorage();
  await ofAnn(anns);
  await assert.rejects(new Database(anns).setOwner("bob"), { name: "OtherUserError" });
});

test("after a clear by one, no other one changes what is stored", async () => {
  const storage = new MemoryStorage();
  const [one, other] = [await ofAnn(storage), await ofAnn(storage)];
  await one.clear();

  const cleared = { name: "StoreClearedError" };
  await assert.rejects(other.apply(update(undefined, "c1", [upsert(AT_1)])), cleared);
  await assert.rejects(other.enqueue(writing("create", { title: "Late" })), cleared);
  await assert.rejects(other.setOwner("ann"), cleared);
  assert.equal((await other.read()).isCleared, true);
  await one.setOwner("bob");
  await one.apply(update(undefined, "c1", [upsert(AT_1)]));
  assert.deepEqual((await one.read()).objects.length, 1);
});

test("objects of two users are never stored together", async () => {
  const foreign = (at: string) => ({ op: "upsert" as const, task: { ...TASK, id: "b", user_id: "b", updated_at: at }, etag: '"b"' });
  const wrong = { name: "OtherUserError" };
  const { database, key, writes } = await sent(update(undefined, "c1", [upsert(AT_1)]));
  await assert.rejects(database.apply(update("c1", "c2", [foreign(AT_2)])), wrong);
  await assert.rejects(database.settle(key, writes, [{ status: 200, task: foreign(AT_2).task, etag: '"b"' }]), wrong);
  await assert.rejects((await ofAnn()).apply(update(undefined, "c1", [upsert(AT_1), foreign(AT_1)])), wrong);
  assert.deepEqual((await database.read()).objects.map(({ value }) => (value as Task).user_id), [TASK.user_id]);
});
