import assert from "node:assert/strict";
import { test } from "node:test";
import { localTime, timeOf, uuid7 } from "@taskward/client";

test("ids are UUIDs of version 7 which ascend, also when the clock is set back", () => {
  const now = Date.now();
  const ids = Array.from({ length: 5000 }, (_, n) => uuid7(now - (n % 50)));

  assert.ok(ids.every((id) => /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.test(id)));
  assert.deepEqual([...ids].sort(), ids);
  assert.equal(new Set(ids.map((id) => id.slice(19))).size, ids.length);
  assert.ok(Math.abs(timeOf(uuid7()) - now) < 5000);
});

test("a local time has the offset of the clock here", () => {
  const moment = new Date("2026-11-21T23:30:15.250Z");
  assert.match(localTime(moment), /^2026-11-2[12]T\d\d:\d\d:15[+-]\d\d:\d\d$/);
  assert.equal(new Date(localTime(moment)).getTime(), moment.getTime() - 250);
});
