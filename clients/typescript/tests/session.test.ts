import assert from "node:assert/strict";
import { test } from "node:test";
import { ApiError, Taskward, localTime, uuid7, type Change } from "@taskward/client";
import { person, SERVICE_URL, token, withoutService } from "./support.js";

test("every operation, with a running service", { skip: withoutService }, async () => {
  const me = person();
  assert.deepEqual((await me.tasks.list()).tasks, []);
  await assert.rejects(me.me.get(), { code: "NOT_FOUND", message: "User not found" });

  const { list } = await me.lists.create({ title: "Home" });
  const made = await me.tasks.create({ title: "Buy milk", list_id: list.id, due: { date: "2026-11-21", time: "14:30" } });
  const again = await me.tasks.createWithId(uuid7(), { title: "Buy bread", labels: ["shop"], priority: "high" });
  assert.deepEqual(await me.tasks.get(made.task.id), made);
  assert.equal(await me.tasks.get(made.task.id, { ifNoneMatch: made.etag }), undefined);
  const moved = await me.tasks.update(made.task.id, { due: { date: "2026-12-01" } }, { ifMatch: made.etag });
  assert.deepEqual(moved.task.due, { date: "2026-12-01", time: "14:30" });
  await assert.rejects(me.tasks.delete(made.task.id, { ifMatch: made.etag }), { code: "PRECONDITION_FAILED" });
  const exists = await me.tasks.createWithId(again.task.id, { title: "x" }).catch((error: unknown) => error);
  assert.ok(exists instanceof ApiError);
  assert.deepEqual(exists.current, { task: again.task, etag: again.etag });

  const page = await me.tasks.list({ is_completed: false, sort: "title", limit: 1 });
  assert.deepEqual(page.tasks, [again.task]);
  assert.equal(await me.tasks.list({ is_completed: false, sort: "title", limit: 1 }, { ifNoneMatch: page.etag }), undefined);
  const titles: string[] = [];
  for await (const { title } of me.tasks.all({ sort: "title", limit: 1 })) titles.push(title);
  assert.deepEqual(titles, ["Buy bread", "Buy milk"]);
  const summary = await me.tasks.summary(localTime(new Date("2026-12-02T12:00:00Z")));
  assert.deepEqual([summary.open, summary.overdue, summary.undated], [2, 1, 1]);

  assert.deepEqual((await me.labels.list()).labels, [{ label: "shop", tasks: 1 }]);
  assert.deepEqual(await me.labels.rename("shop", "errand"), { tasks: 1 });
  assert.deepEqual(await me.labels.remove("errand"), { tasks: 1 });

  assert.equal((await me.lists.update(list.id, { title: "House" })).list.title, "House");
  assert.deepEqual((await me.lists.list()).lists.map(({ title }) => title), ["House"]);
  assert.equal((await me.lists.modify(list.id, ({ title }) => ({ title: `${title}!` }))).list.title, "House!");
  await assert.rejects(me.lists.delete(list.id), { code: "LIST_NOT_EMPTY" });

  const [created, deleted, missing] = await me.batch([
    { op: "create", task: { title: "Three" } },
    { op: "delete", kind: "list", id: list.id, tasks: "keep" },
    { op: "update", id: uuid7(), task: { title: "x" } },
  ]);
  assert.ok(created?.status === 201 && "task" in created && created.task.title === "Three");
  assert.equal(deleted?.status, 200);
  assert.ok(missing?.status === 404 && "code" in missing && missing.code === "NOT_FOUND");

  const changes: Change[] = [];
  for await (const step of me.changes.follow({ kinds: "tasks,lists" })) {
    if (step.type === "changes") changes.push(...step.changes);
    if (step.type === "live") break;
  }
  assert.equal(changes.filter(({ op }) => op === "upsert").length, 3);
  const { cursor } = await me.changes.list({ limit: 1 });
  assert.equal((await me.changes.list({ since: cursor })).has_more, false);

  for (const options of [{ to: "trash" }, { to: "trash", subtasks: "delete" }] as const) {
    const { task } = await me.tasks.create({ title: "Trashed" });
    await me.tasks.delete(task.id, options);
    const trash = await me.trash.list({ limit: 1 });
    assert.deepEqual(trash.tasks.map((one) => one.task.id), [task.id]);
    assert.equal(await me.trash.list({ limit: 1 }, { ifNoneMatch: trash.etag }), undefined);
    assert.equal((await me.trash.restore(task.id)).task.title, "Trashed");
    await assert.rejects(me.trash.restore(task.id), { code: "NOT_FOUND", message: "Task not found" });
    await me.batch([{ op: "delete", id: task.id, to: "trash" }]);
    assert.deepEqual(await me.trash.purge(task.id), { message: "Task deleted permanently", id: task.id });
  }
  const errands = await me.lists.create({ title: "Errands" });
  for (const title of ["One", "Two"]) await me.tasks.create({ title, list_id: errands.list.id });
  await me.lists.delete(errands.list.id, { tasks: "delete", to: "trash" });
  const trashed: string[] = [];
  for await (const { task } of me.trash.all({ limit: 1 })) trashed.push(task.title);
  assert.deepEqual(trashed.sort(), ["One", "Two"]);
  assert.deepEqual(await me.trash.empty(), { deleted: 2 });
  assert.deepEqual((await me.trash.list()).tasks, []);

  const script = await me.tokens.create({ name: "script", access: "write", expires_in: 3600 });
  assert.deepEqual((await me.tokens.list()).map((one) => one.id), [script.id]);
  const agent = new Taskward({ baseUrl: SERVICE_URL, token: script.token ?? "" });
  const scripted = await agent.tasks.create({ title: "By a script" });
  assert.equal((await me.tasks.get(scripted.task.id)).task.title, "By a script");
  await agent.tasks.delete(scripted.task.id);
  await assert.rejects(agent.tokens.list(), { status: 405, message: "This token does not allow this" });
  const other = await me.tokens.create({ name: "other", access: "read" });
  const reader = new Taskward({ baseUrl: SERVICE_URL, token: other.token ?? "" });
  assert.equal(await reader.identity(), await agent.identity());
  assert.deepEqual(await me.tokens.revoke(script.id), { message: "Token revoked successfully", id: script.id });
  assert.deepEqual(await me.tokens.revokeAll(), { revoked: 1 });

  const weekly = { due: { date: "2026-11-23" }, recurrence: { rule: "FREQ=WEEKLY;BYDAY=MO" } };
  const series = await me.tasks.create({ title: "Weekly", ...weekly });
  assert.deepEqual(await me.tasks.occurrences(series.task.id, 2), ["2026-11-30", "2026-12-07"]);
  await me.tasks.delete(series.task.id);
  assert.equal((await me.me.update({ time_zone: "Europe/Berlin" })).time_zone, "Europe/Berlin");
  assert.match(await me.me.exportCalendar(), /^BEGIN:VCALENDAR/);

  const everything = await me.me.export();
  assert.equal(everything.tasks.length, 3);
  assert.deepEqual(await me.me.import(everything), { imported: 0, skipped: 3 });
  assert.equal((await me.me.erase()).message, "All data deleted");
  assert.deepEqual(await me.me.import(everything), { imported: 3, skipped: 0 });
});

test("a change arrives by the stream within a second, and the stream outlives its token", { skip: withoutService }, async () => {
  const sub = crypto.randomUUID();
  const writer = person(sub);
  let renewals = 0;
  const reader = person(sub, { token: ({ renew }) => token(sub, renew ? 600 + (renewals += 1) : 0.7) });
  let writtenAt = 0;
  let waited = 0;
  for await (const step of reader.changes.follow()) {
    if (step.type === "live" && renewals === 0 && writtenAt === 0) {
      writtenAt = Date.now();
      await writer.tasks.create({ title: "first" });
    }
    if (step.type === "changes" && step.changes.length > 0) waited ||= Date.now() - writtenAt;
    if (step.type === "live" && renewals > 0) break;
  }
  assert.equal(renewals, 1);
  assert.ok(waited > 0 && waited < 1000, `${waited} ms`);
});
