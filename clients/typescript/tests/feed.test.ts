import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { Taskward, type Change, type FeedStep } from "@taskward/client";
import { answer, fail, server, TASK, type Handler } from "./support.js";

const upsert = (title: string): Change => ({ op: "upsert", task: { ...TASK, title }, etag: `"${title}"` });
const event = (title: string, cursor: string) => `id: ${cursor}\ndata: ${JSON.stringify(upsert(title))}\n\n`;

/** Follows a feed until `enough` says so, and returns the steps. */
async function steps(t: TestContext, handler: Handler, enough: (step: FeedStep) => boolean, silence = 45_000, since?: string) {
  const { url, received } = await server(t, handler);
  const client = new Taskward({ baseUrl: url, token: "t" });
  const found: FeedStep[] = [];
  const ending = new AbortController();
  for await (const step of client.changes.follow({ signal: ending.signal, silence, since, kinds: "tasks,lists" })) {
    found.push(step);
    if (enough(step)) ending.abort();
  }
  return { found, received };
}

const titles = (found: FeedStep[]) =>
  found.flatMap((step) => (step.type === "changes" ? step.changes.map((one) => "task" in one && one.task.title) : []));

test("events arrive whole, however the bytes are cut, and a stream that ends is resumed", async (t) => {
  const bytes = Buffer.from(`${event("Größe ✓", "c2")}: alive\n\n${event("two", "c3")}`);
  let streams = 0;
  const { found, received } = await steps(
    t,
    ({ path, headers }, response) => {
      if (path.startsWith("/api/changes")) {
        const first = !path.includes("since");
        answer(response, 200, { changes: first ? [upsert("one")] : [], cursor: first ? "c1" : "c3", has_more: false });
      } else if ((streams += 1) === 1) {
        assert.equal(headers["last-event-id"], "c1");
        response.writeHead(200, { "Content-Type": "text/event-stream" });
        let sent = 0;
        const timer = setInterval(() => {
          response.write(bytes.subarray(sent, (sent += 7)));
          if (sent >= bytes.length) {
            clearInterval(timer);
            response.end();
          }
        }, 1);
      } else {
        assert.equal(headers["last-event-id"], "c3");
        response.writeHead(200).write(event("three", "c4"));
      }
    },
    (step) => step.type === "changes" && step.cursor === "c4",
  );

  assert.deepEqual(titles(found), ["one", "Größe ✓", "two", "three"]);
  assert.ok(found.every(({ type }) => type !== "offline"), "the end of a stream is no failure");
  assert.ok(received.every(({ path }) => path.includes("kinds=tasks%2Clists")));
  const changes = found.filter((step) => step.type === "changes");
  for (const [n, step] of changes.entries()) assert.equal(step.since, changes[n - 1]?.cursor);
});

test("of several events of one object that arrive at once the last one is left", async (t) => {
  const { found } = await steps(
    t,
    ({ path }, response) => {
      if (path.startsWith("/api/changes")) answer(response, 200, { changes: [], cursor: "c1", has_more: false });
      else response.writeHead(200).write(event("one", "c2") + event("two", "c3"));
    },
    (step) => step.type === "changes" && step.cursor === "c3",
  );

  assert.deepEqual(titles(found), ["two"]);
});

for (const [status, code, field] of [[410, "CURSOR_EXPIRED", ""], [400, "VALIDATION_ERROR", "since"]] as const) {
  test(`a cursor that is refused with ${status} begins from the start`, async (t) => {
    const { found } = await steps(
      t,
      ({ path }, response) => {
        if (path.includes("since=old")) answer(response, status, { error: "x", code, details: [{ field, message: "x" }] });
        else if (path.includes("/changes")) answer(response, 200, { changes: [upsert("all")], cursor: "new", has_more: false });
        else response.writeHead(200).write(":\n\n");
      },
      (step) => step.type === "live",
      45_000,
      "old",
    );

    assert.deepEqual(found.map(({ type }) => type), ["restart", "changes", "live"]);
  });
}

test("a cursor that a proxy says is gone is kept", async (t) => {
  const { found } = await steps(
    t,
    (_, response) => response.writeHead(410).end("<html>Gone</html>"),
    (step) => step.type === "offline",
    45_000,
    "old",
  );

  assert.deepEqual(found.map(({ type }) => type), ["offline"]);
});

test("a silent connection is given up, and failures are tried again with growing pauses", async (t) => {
  const { found, received } = await steps(
    t,
    ({ path }, response, number) => {
      if (path.includes("/events")) response.writeHead(200).flushHeaders(); // and nothing more
      else if (number === 1) answer(response, 200, { changes: [], cursor: "c1", has_more: false });
      else fail(response, 500, "INTERNAL_ERROR");
    },
    (step) => step.type === "offline" && step.retryIn > 1000,
    700,
  );

  assert.deepEqual(found.map(({ type }) => type).slice(0, 4), ["changes", "live", "offline", "offline"]);
  assert.ok(received.length >= 3);
});

test("a connection without even a head is given up", async (t) => {
  const { found } = await steps(
    t,
    ({ path }, response) => {
      if (path.includes("/changes")) answer(response, 200, { changes: [], cursor: "c1", has_more: false });
    },
    (step) => step.type === "offline",
    700,
  );

  assert.deepEqual(found.map(({ type }) => type), ["changes", "offline"]);
});

test("a rejected token ends it, with the error", async (t) => {
  await assert.rejects(
    steps(t, (_, response) => fail(response, 401, "TOKEN_EXPIRED"), () => false),
    { code: "TOKEN_EXPIRED" },
  );
});
