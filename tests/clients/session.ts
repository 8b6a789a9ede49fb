// Every operation of the API, with a client that openapi-typescript has typed. It is compiled and run by
// test_generated.py; a step that does not come out as expected ends it with an error.

import createClient from "openapi-fetch";
import type { components, paths } from "./schema.js";

declare const process: { env: Record<string, string | undefined> };

type Task = components["schemas"]["Task"];

const { SERVICE_URL: baseUrl = "", TOKEN = "" } = process.env;
const client = createClient<paths>({ baseUrl, headers: { Authorization: `Bearer ${TOKEN}` } });

function expect(condition: boolean, what: string): asserts condition {
  if (!condition) throw new Error(what);
}

/** Returns the data of a success; throws an error that names the code of a failure. */
function success<T>(result: { data?: T; error?: components["schemas"]["Error"]; response: Response }): T {
  if (result.data === undefined) throw new Error(result.error?.code ?? `status ${result.response.status}`);
  return result.data;
}

async function createListReadUpdateDelete(): Promise<Task> {
  const create = () =>
    client.POST("/api/tasks", {
      params: { header: { "Idempotency-Key": "typescript" } },
      body: { title: "Buy milk", description: "Two litres" },
    });
  const created = await create();
  const task = success(created);
  expect(success(await create()).id === task.id, "a repeated create makes one task");

  const list = success(await client.GET("/api/tasks", { params: { query: { limit: 10, sort: "-title" } } }));
  const listed: Task | undefined = list.tasks[0];
  expect(listed?.title === "Buy milk" && list.next_cursor === null, "the list has the task");

  const path = { task_id: task.id };
  const read = await client.GET("/api/tasks/{task_id}", { params: { path } });
  expect(success(read).description === "Two litres", "the task can be read");
  const etag = created.response.headers.get("ETag") ?? "";
  const unchanged = await client.GET("/api/tasks/{task_id}", {
    params: { path, header: { "If-None-Match": etag } },
  });
  expect(unchanged.response.status === 304, "a known task is a 304");

  const updated = await client.PUT("/api/tasks/{task_id}", {
    params: { path, header: { "If-Match": etag } },
    body: { is_completed: true },
  });
  expect(success(updated).is_completed && success(updated).title === "Buy milk", "an update is partial");
  const sentBack = { ...success(updated), title: "Buy bread" };
  const patched = await client.PATCH("/api/tasks/{task_id}", { params: { path }, body: sentBack });
  expect(success(patched).title === "Buy bread", "what was received can be sent back");
  const stale = await client.DELETE("/api/tasks/{task_id}", {
    params: { path, header: { "If-Match": etag } },
  });
  expect(stale.error?.code === "PRECONDITION_FAILED", "a stale delete is refused");

  const deleted = success(await client.DELETE("/api/tasks/{task_id}", { params: { path } }));
  expect(deleted.id === task.id && deleted.message === "Task deleted successfully", "it is deleted");
  const refused = await client.POST("/api/tasks", { body: { title: "" } });
  const messages = refused.error?.details?.map((one) => `${one.field}: ${one.message}`);
  expect(messages?.join() === "title: Title cannot be empty", "a refusal names the field");
  return task;
}

async function optionalFields(): Promise<void> {
  const task = success(
    await client.POST("/api/tasks", {
      body: {
        title: "Call",
        due: { date: "2026-11-21", time: "14:30", time_zone: "Europe/Berlin" },
        priority: "high",
        labels: ["home", "phone"],
        metadata: { colour: "red", weight: 1.5 },
      },
    }),
  );
  expect(task.priority === "high" && task.start === undefined, "what is absent is undefined");
  const path = { task_id: task.id };
  const moved = success(
    await client.PATCH("/api/tasks/{task_id}", {
      params: { path },
      body: { due: { date: "2026-12-01" }, add_labels: ["work"] },
    }),
  );
  expect(moved.due?.date === "2026-12-01" && moved.due.time === "14:30", "a date merges");
  const same = success(await client.PUT("/api/tasks/{task_id}", { params: { path }, body: moved }));
  expect(same.labels?.join() === "home,phone,work", "a whole task can be sent back");

  const renamed = await client.POST("/api/labels/rename", { body: { from: "work", to: "office" } });
  expect(success(renamed).tasks === 1, "a label is renamed");
  const removed = await client.POST("/api/labels/remove", { body: { label: "phone" } });
  expect(success(removed).tasks === 1, "a label is removed");
  const listed = success(await client.GET("/api/labels", { params: { query: { limit: 10 } } }));
  expect(listed.labels.map((one) => one.label).join() === "home,office", "the labels are listed");
  success(await client.DELETE("/api/tasks/{task_id}", { params: { path } }));
}

async function trash(): Promise<void> {
  const task = success(await client.POST("/api/tasks", { body: { title: "Kept for a while" } }));
  const path = { task_id: task.id };
  const deletion = { params: { path, query: { to: "trash" as const } } };
  success(await client.DELETE("/api/tasks/{task_id}", deletion));
  const [trashed] = success(await client.GET("/api/trash", { params: { query: { limit: 10 } } })).tasks;
  expect(trashed?.task.title === task.title && trashed.deleted_with === undefined, "it is in the trash");
  const restored = await client.POST("/api/trash/{task_id}/restore", { params: { path }, body: {} });
  expect(success(restored).created_at === task.created_at, "it is restored");
  success(await client.DELETE("/api/tasks/{task_id}", deletion));
  const purged = success(await client.DELETE("/api/trash/{task_id}", { params: { path } }));
  expect(purged.id === task.id, "it is deleted permanently");
  expect(success(await client.DELETE("/api/trash")).deleted === 0, "the trash is empty");
}

async function batch(gone: Task): Promise<void> {
  const first = success(
    await client.POST("/api/tasks/batch", {
      body: {
        operations: [
          { op: "create", task: { title: "One" } },
          { op: "create", task: { title: "Two" } },
          { op: "delete", id: gone.id },
        ],
      },
    }),
  );
  const ids: string[] = [];
  const failures: string[] = [];
  for (const result of first.results) {
    if (result.status === 201) ids.push(result.task.id);
    else if ("error" in result) failures.push(result.code);
  }
  const [one = "", two = ""] = ids;
  expect(two !== "" && failures.join() === "NOT_FOUND", "two were created, one failed");

  const second = success(
    await client.POST("/api/tasks/batch", {
      body: {
        operations: [
          { op: "update", id: one, if_match: "*", task: { is_completed: true } },
          { op: "delete", id: two },
        ],
        atomic: true,
      },
    }),
  );
  const [updated, deleted] = second.results;
  expect(updated?.status === 200 && "task" in updated && updated.task.is_completed, "one was updated");
  expect(deleted?.status === 200 && "message" in deleted && deleted.id === two, "two was deleted");
}

async function changes(): Promise<void> {
  const titles = new Map<string, string>();
  let since: string | undefined;
  for (let more = true; more; ) {
    const query = since === undefined ? { limit: 2 } : { limit: 2, since };
    const page = success(await client.GET("/api/changes", { params: { query } }));
    for (const change of page.changes) {
      if ("task" in change) titles.set(change.task.id, change.task.title);
      else if (change.op === "delete" && !("kind" in change)) titles.delete(change.id);
    }
    [since, more] = [page.cursor, page.has_more];
  }
  expect([...titles.values()].join() === "One", "the changes lead to the list");

  const stream = await client.GET("/api/events", { parseAs: "stream" });
  const reader = success<ReadableStream<Uint8Array> | null>(stream)?.getReader();
  const event = new TextDecoder().decode((await reader?.read())?.value);
  expect(event.startsWith("id: "), "an event stream begins with an event");
  await reader?.cancel();
}

async function myData(): Promise<void> {
  const me = success(await client.GET("/api/me"));
  const exported = success(await client.GET("/api/me/export"));
  const calendar: string = success(await client.GET("/api/me/calendar.ics", { parseAs: "text" }));
  expect(calendar.startsWith("BEGIN:VCALENDAR"), "the calendar has an operation of its own");
  expect(exported.user?.id === me.id && exported.tasks.length === 1, "the export has everything");
  const again = success(await client.POST("/api/me/import", { body: exported }));
  expect(again.imported === 0 && again.skipped === 1, "what is there is skipped");
  const erased = success(await client.DELETE("/api/me"));
  expect(erased.message === "All data deleted", "everything is erased");
  const restored = success(await client.POST("/api/me/import", { body: exported }));
  expect(restored.imported === 1, "an export can be imported");
}

expect(success(await client.GET("/health")).status === "healthy", "the service is healthy");
expect(success(await client.GET("/health/ready")).status === "ready", "the service is ready");
await optionalFields();
await trash();
await batch(await createListReadUpdateDelete());
await changes();
await myData();
console.log("done");
