import assert from "node:assert/strict";
import { test } from "node:test";
import { inspect } from "node:util";
import { ApiError, NetworkError, Taskward } from "@taskward/client";
import { answer, fail, server, TASK, token, until } from "./support.js";

const tagged = { ETag: '"1"' };

test("a rejected token is renewed once for all requests that it was rejected for", async (t) => {
  const { url, received } = await server(t, ({ headers }, response) => {
    if (headers.authorization === "Bearer old") fail(response, 401, "TOKEN_EXPIRED");
    else answer(response, 200, TASK, tagged);
  });
  const asked: boolean[] = [];
  const source = ({ renew }: { renew: boolean }) => {
    asked.push(renew);
    return renew ? "new" : "old";
  };
  const client = new Taskward({ baseUrl: url, token: source });

  const found = await Promise.all([1, 2, 3, 4, 5].map(() => client.tasks.get(TASK.id)));

  assert.deepEqual(asked, [false, true]);
  assert.ok(found.every(({ task, etag }) => task.title === "Buy milk" && etag === '"1"'));
  await client.tasks.get(TASK.id);
  assert.equal(received.at(-1)?.headers.authorization, "Bearer new");
});

test("a token that is rejected again is an error after one renewal", async (t) => {
  const { url, received } = await server(t, (_, response) => fail(response, 401, "INVALID_TOKEN"));
  let tokens = 0;
  const client = new Taskward({ baseUrl: url, token: () => `token-${(tokens += 1)}` });

  await assert.rejects(client.tasks.get(TASK.id), { name: "ApiError", code: "INVALID_TOKEN" });

  assert.equal(received.length, 2);
  await assert.rejects(new Taskward({ baseUrl: url, token: "fixed" }).tasks.list(), { status: 401 });
  assert.equal(received.length, 3);
});

test("a token of another user is not used, however often it is returned", async (t) => {
  const { url, received } = await server(t, (_, response, number) => {
    if (number === 1) answer(response, 200, TASK, tagged);
    else fail(response, 401, "TOKEN_EXPIRED");
  });
  let current = token("ann");
  const client = new Taskward({ baseUrl: url, token: () => current });
  assert.equal((await client.tasks.get(TASK.id)).task.id, TASK.id);
  for (const other of [token("bob"), "opaque"]) {
    current = other;
    for (let n = 0; n < 2; n += 1) await assert.rejects(client.tasks.get(TASK.id), { name: "OtherUserError" });
  }

  assert.equal(await client.identity().catch((error: Error) => error.name), "OtherUserError");
  assert.equal(received.length, 2); // the second one has expired
  assert.ok(received.every(({ headers }) => headers.authorization === received[0]?.headers.authorization));
  await assert.rejects(new Taskward({ token: "opaque" }).identity(), { status: 401, code: "INVALID_TOKEN" });
});

test("a text that is no token is refused before it is sent, and is in no error", async (t) => {
  const { url, received } = await server(t, (_, response) => answer(response, 200, TASK, tagged));

  for (const text of ["sec\nret", "sec ret", "sécret", "secr€t", "sec\u007fret"]) {
    for (const token of [text, () => text]) {
      const failed = await new Taskward({ baseUrl: url, token }).tasks.list().catch((error: unknown) => error);
      assert.ok(failed instanceof ApiError);
      assert.deepEqual([failed.status, failed.code], [401, "INVALID_TOKEN"]);
      assert.equal(failed.message, "The token must be visible ASCII characters");
      assert.doesNotMatch(inspect(failed), /sec.?ret|sécret|secr€t/s);
    }
  }

  assert.deepEqual(received, []);
});

test("a text that is no token is renewed, and the line break of a file is left out", async (t) => {
  const { url, received } = await server(t, (_, response) => answer(response, 200, TASK, tagged));
  const asked: boolean[] = [];
  const token = ({ renew }: { renew: boolean }) => {
    asked.push(renew);
    return renew ? "good\n" : "<html> sign in";
  };

  await new Taskward({ baseUrl: url, token }).tasks.get(TASK.id);
  await new Taskward({ baseUrl: url, token: "good\n" }).tasks.get(TASK.id);

  assert.deepEqual(asked, [false, true]);
  assert.deepEqual(received.map(({ headers }) => headers.authorization), ["Bearer good", "Bearer good"]);
});

test("a renewal that fails is an error, and is tried again by the next request", async (t) => {
  const { url } = await server(t, (_, response) => answer(response, 200, TASK, tagged));
  let asked = 0;
  const source = () => {
    asked += 1;
    if (asked === 1) throw new Error("The provider is down");
    return "good";
  };
  const client = new Taskward({ baseUrl: url, token: source });

  await assert.rejects(client.tasks.get(TASK.id), /The provider is down/);

  assert.equal((await client.tasks.get(TASK.id)).task.id, TASK.id);
});

test("an error has everything that the response says", async (t) => {
  const details = [{ field: "title", message: "Title cannot be empty" }];
  const { url } = await server(t, ({ path }, response) => {
    if (path === "/api/lists") response.writeHead(502).end("<html>");
    else answer(response, 400, { error: "Validation failed", code: "VALIDATION_ERROR", details }, { "X-Request-ID": "r-1" });
  });
  const client = new Taskward({ baseUrl: url, token: "t", retries: 0 });

  const error = await client.tasks.create({ title: "" }).catch((thrown: unknown) => thrown);
  assert.ok(error instanceof ApiError);
  assert.deepEqual(
    [error.message, error.status, error.code, error.details, error.requestId, error.isOfService],
    ["Validation failed", 400, "VALIDATION_ERROR", details, "r-1", true],
  );
  await assert.rejects(client.lists.list(), { status: 502, code: "SERVICE_UNAVAILABLE", details: [], isOfService: false });
});

test("a POST keeps its Idempotency-Key and its bytes through every repeat", async (t) => {
  const { url, received } = await server(t, ({ method }, response, number) => {
    assert.equal(method, "POST");
    if (number === 1) response.destroy(); // executed, perhaps
    else if (number === 2) fail(response, 500, "DATABASE_ERROR");
    else if (number === 3) fail(response, 409, "IDEMPOTENCY_KEY_IN_USE");
    else answer(response, 201, TASK, tagged);
  });
  const client = new Taskward({ baseUrl: url, token: "t" });

  assert.equal((await client.tasks.create({ title: "Buy milk" })).task.id, TASK.id);

  assert.equal(received.length, 4);
  assert.equal(new Set(received.map(({ headers }) => headers["idempotency-key"])).size, 1);
  assert.deepEqual(new Set(received.map(({ body }) => body)), new Set(['{"title":"Buy milk"}']));
  await client.tasks.create({ title: "Buy milk" });
  assert.notEqual(received[4]?.headers["idempotency-key"], received[0]?.headers["idempotency-key"]);
});

test("a request that the service refused is repeated when Retry-After is over, a conditional one too", async (t) => {
  const times: number[] = [];
  const { url } = await server(t, (_, response, number) => {
    times.push(Date.now());
    if (number === 1) fail(response, 503, "SERVICE_UNAVAILABLE", { "Retry-After": "1" });
    else answer(response, 200, TASK, tagged);
  });
  const client = new Taskward({ baseUrl: url, token: "t" });

  await client.tasks.update(TASK.id, { is_completed: true }, { ifMatch: '"1"' });

  assert.ok((times[1] ?? 0) - (times[0] ?? 0) >= 990);
});

test("a Retry-After of more than a minute is an error at once", async (t) => {
  const { url } = await server(t, (_, response) => fail(response, 429, "RATE_LIMITED", { "Retry-After": "3600" }));
  const client = new Taskward({ baseUrl: url, token: "t" });

  await assert.rejects(client.tasks.list(), { code: "RATE_LIMITED", retryAfter: 3600 });
});

test("a conditional write whose outcome is unknown is not repeated", async (t) => {
  const { url, received } = await server(t, (_, response) => response.destroy());
  const client = new Taskward({ baseUrl: url, token: "t" });

  await assert.rejects(client.tasks.update(TASK.id, { title: "x" }, { ifMatch: '"1"' }), NetworkError);

  assert.equal(received.length, 1);
});

test("a refusal is not repeated", async (t) => {
  const { url, received } = await server(t, (_, response) => fail(response, 400, "VALIDATION_ERROR"));
  await assert.rejects(new Taskward({ baseUrl: url, token: "t" }).tasks.list(), { status: 400 });
  assert.equal(received.length, 1);
});

test("a deletion and a creation whose responses were lost have succeeded", async (t) => {
  const { url } = await server(t, ({ method }, response, number) => {
    if (number % 2 === 1) response.destroy();
    else if (method === "DELETE") fail(response, 404, "NOT_FOUND");
    else answer(response, 412, { error: "x", code: "PRECONDITION_FAILED", task: TASK, etag: '"1"' });
  });
  const client = new Taskward({ baseUrl: url, token: "t" });

  assert.equal((await client.tasks.delete(TASK.id)).id, TASK.id);
  assert.deepEqual(await client.tasks.createWithId(TASK.id, { title: "Buy milk" }), { task: TASK, etag: '"1"' });
  await assert.rejects(
    new Taskward({ baseUrl: url, token: "t", retries: 0 }).tasks.delete(TASK.id),
    NetworkError,
  );
  await assert.rejects(client.tasks.delete(TASK.id), { status: 404 }); // the first attempt had this response
});

test("a deletion whose response was lost has not succeeded because a proxy answers the next attempt", async (t) => {
  const { url } = await server(t, (_, response, number) => {
    if (number === 1) response.destroy();
    else response.writeHead(404).end("<html>");
  });
  const client = new Taskward({ baseUrl: url, token: "t" });

  await assert.rejects(client.tasks.delete(TASK.id), { status: 404, isOfService: false });
});

test("a response that never comes ends at the time limit, one that breaks off is repeated", async (t) => {
  const { url, received } = await server(t, ({ path }, response, number) => {
    if (path.startsWith("/api/lists")) return; // never
    response.writeHead(200, { "Content-Type": "application/json", "Content-Length": "1000" });
    if (number === 1) response.write("{", () => response.destroy());
    else response.end(JSON.stringify({ tasks: [], next_cursor: null }).padEnd(1000));
  });
  const client = new Taskward({ baseUrl: url, token: "t" });

  assert.deepEqual((await client.tasks.list()).tasks, []);
  assert.equal(received.length, 2);
  const impatient = new Taskward({ baseUrl: url, token: "t", timeout: 200, retries: 0 });
  await assert.rejects(impatient.lists.list(), NetworkError);
});

test("an aborted request rejects with the reason, in a pause between attempts too", async (t) => {
  const { url } = await server(t, (_, response) => fail(response, 429, "RATE_LIMITED", { "Retry-After": "30" }));
  const aborting = new AbortController();
  const listed = new Taskward({ baseUrl: url, token: "t" }).tasks.list({}, { signal: aborting.signal });
  setTimeout(() => aborting.abort(new Error("left the page")), 50);

  await assert.rejects(listed, /left the page/);
});

test("a change of what was read is repeated when another one was first", async (t) => {
  let version = 1;
  const { url, received } = await server(t, ({ method, headers }, response) => {
    if (method === "GET") answer(response, 200, { ...TASK, title: `Version ${version}` }, { ETag: `"${version}"` });
    else if (version++ < 3) fail(response, 412, "PRECONDITION_FAILED");
    else answer(response, 200, { ...TASK, title: headers["if-match"] }, tagged);
  });
  const client = new Taskward({ baseUrl: url, token: "t" });

  const { task } = await client.tasks.modify(TASK.id, ({ title }) => ({ title: `${title}!` }));

  assert.equal(task.title, '"3"');
  assert.equal(received.at(-1)?.body, '{"title":"Version 3!"}');
});

/** Returns a fetch whose responses have endless bodies if `isEndless`, and the state of each body. */
function tracked(respond: (path: string, number: number) => [status: number, body: string, isEndless?: boolean]) {
  const bodies: ("open" | "read" | "cancelled")[] = [];
  const send: typeof fetch = (input) => {
    const number = bodies.push("open");
    const [status, text, isEndless = false] = respond(String(input), number);
    const body = new ReadableStream<Uint8Array>({
      start: (controller) => controller.enqueue(new TextEncoder().encode(text)),
      pull: async (controller) => {
        if (isEndless) await new Promise(() => undefined);
        bodies[number - 1] = "read";
        controller.close();
      },
      cancel: () => void (bodies[number - 1] = "cancelled"),
    }, { highWaterMark: 0 });
    const response = new Response(body, { headers: { ...tagged, "Retry-After": "0" } });
    // The constructor accepts no body for some of the statuses.
    return Promise.resolve(Object.defineProperties(response, { status: { value: status }, ok: { value: status < 300 } }));
  };
  return { bodies, send };
}

test("each response is read or cancelled, whatever its status", async () => {
  const statuses: [number, string][] = [[401, "{}"], [503, "<html>"], [304, "unexpected"], [404, "{}"], [200, "no JSON"]];
  const { bodies, send } = tracked((_, number) => statuses[number - 1] ?? [200, JSON.stringify(TASK)]);
  const client = new Taskward({ token: ({ renew }) => String(renew), fetch: send });

  assert.equal(await client.tasks.get(TASK.id, { ifNoneMatch: '"1"' }), undefined);
  await assert.rejects(client.tasks.get(TASK.id), { status: 404 });
  assert.equal((await client.tasks.get(TASK.id)).task.id, TASK.id); // the second attempt

  assert.deepEqual(bodies, ["read", "read", "cancelled", "read", "read", "read"]);
});

test("an event stream is cancelled when nobody reads on, and when it is silent", async () => {
  const page = JSON.stringify({ changes: [], cursor: "c1", has_more: false });
  const last = async (isEnough: (type: string, number: number) => boolean) => {
    const { bodies, send } = tracked((path) => (path.includes("/events") ? [200, ":\n\n", true] : [200, page]));
    const client = new Taskward({ token: "t", fetch: send });
    let number = 0;
    for await (const { type } of client.changes.follow({ silence: 50 })) if (isEnough(type, (number += 1))) break;
    return bodies[1];
  };

  assert.equal(await last((type) => type === "live"), "cancelled");
  assert.equal(await last((type) => type === "offline"), "cancelled");
});

test("what changes the trash may be repeated after a lost response", async (t) => {
  const { url, received } = await server(t, ({ method }, response, number) => {
    if (number % 2 === 1) response.destroy();
    else if (method === "POST") answer(response, 200, TASK, tagged);
    else if (number === 4) fail(response, 404, "NOT_FOUND");
    else answer(response, 200, { deleted: 3 });
  });
  const { trash } = new Taskward({ baseUrl: url, token: "t" });

  assert.deepEqual(await trash.restore(TASK.id), { task: TASK, etag: '"1"' });
  assert.deepEqual(await trash.purge(TASK.id), { message: "Task deleted permanently", id: TASK.id });
  assert.deepEqual(await trash.empty(), { deleted: 3 });

  const path = `/api/trash/${TASK.id}`;
  const sent = received.map(({ method, path, body }) => [method, path, body]);
  assert.deepEqual(sent.filter((_, n) => n % 2 === 1), [["POST", `${path}/restore`, "{}"], ["DELETE", path, ""], ["DELETE", "/api/trash", ""]]);
  assert.ok(received[0]?.headers["idempotency-key"]);
  assert.equal(received[1]?.headers["idempotency-key"], received[0]?.headers["idempotency-key"]);
});

test("a page of the trash that is known is not sent again", async (t) => {
  const entry = { task: TASK, deleted_at: TASK.updated_at };
  const { url, received } = await server(t, ({ headers, path }, response) => {
    if (headers["if-none-match"] === '"1"') response.writeHead(304).end();
    else answer(response, 200, { tasks: [entry], next_cursor: path.includes("cursor") ? null : "c" }, tagged);
  });
  const { trash } = new Taskward({ baseUrl: url, token: "t" });

  assert.deepEqual(await trash.list({ limit: 1 }), { tasks: [entry], next_cursor: "c", etag: '"1"' });
  assert.equal(await trash.list({}, { ifNoneMatch: '"1"' }), undefined);
  const found: unknown[] = [];
  for await (const one of trash.all({ limit: 1 })) found.push(one);
  assert.deepEqual(found, [entry, entry]);
  assert.deepEqual(received.map(({ path }) => path).slice(2), ["/api/trash?limit=1", "/api/trash?limit=1&cursor=c"]);
});

test("an aborted request closes its connection", async (t) => {
  let closed = 0;
  const { url } = await server(t, (_, response) => {
    response.on("close", () => (closed += 1));
    response.writeHead(200, { "Content-Type": "application/json" }).write("{");
  });
  const aborting = new AbortController();
  const exported = new Taskward({ baseUrl: url, token: "t" }).me.export({ signal: aborting.signal });
  setTimeout(() => aborting.abort(new Error("left the page")), 50);

  await assert.rejects(exported, /left the page/);
  await until(() => closed === 1, "the connection is closed");
});

test("a text that is no id is refused before it is sent, because it could lead to another resource", async (t) => {
  const { url, received } = await server(t, (_, response) => answer(response, 200, TASK, tagged));
  const client = new Taskward({ baseUrl: url, token: "t" });
  const { tasks, lists, comments, trash, spaces, tokens } = client;
  const { members, invitations, reminders } = client.space(TASK.id);
  const calls: [string, (id: string) => Promise<unknown>][] = [
    ...[tasks, client.space(TASK.id).tasks].flatMap((of): [string, (id: string) => Promise<unknown>][] => [
      ["task_id", (id) => of.get(id)],
      ["task_id", (id) => of.createWithId(id, { title: "x" })],
      ["task_id", (id) => of.update(id, {})],
      ["task_id", (id) => of.modify(id, () => undefined)],
      ["task_id", (id) => of.occurrences(id)],
      ["task_id", (id) => of.delete(id)],
    ]),
    ["list_id", (id) => lists.get(id)],
    ["list_id", (id) => lists.delete(id)],
    ["comment_id", (id) => comments.update(id, {})],
    ["comment_id", (id) => comments.delete(id)],
    ["task_id", (id) => trash.restore(id)],
    ["task_id", (id) => trash.purge(id)],
    ["token_id", (id) => tokens.revoke(id)],
    ["space_id", (id) => spaces.get(id)],
    ["space_id", (id) => spaces.update(id, {})],
    ["space_id", (id) => spaces.delete(id)],
    ["space_id", (id) => client.space(id).tasks.list()],
    ["space_id", (id) => client.space(id).activity()],
    ["member_id", (id) => members.get(id)],
    ["member_id", (id) => members.update(id, {})],
    ["member_id", (id) => members.remove(id)],
    ["invitation_id", (id) => invitations.revoke(id)],
    ["task_id", (id) => reminders.get(id)],
    ["task_id", (id) => reminders.set(id, [])],
  ];

  for (const id of ["", ".", "..", "../me", `${TASK.id}/occurrences`, `${TASK.id}%2f..`, "summary", `${TASK.id}\n`]) {
    for (const [field, call] of calls) {
      const kind = `${field[0]?.toUpperCase()}${field.slice(1, -3)}`;
      const details = [{ field, message: `${kind} id must be a UUID` }];
      await assert.rejects(() => call(id), { name: "ApiError", status: 400, code: "VALIDATION_ERROR", details });
    }
  }

  assert.deepEqual(received, []);
  await members.get("me");
  await tasks.get(TASK.id.toUpperCase());
  const paths = received.map(({ path }) => path);
  assert.deepEqual(paths, [`/api/spaces/${TASK.id}/members/me`, `/api/tasks/${TASK.id.toUpperCase()}`]);
});
