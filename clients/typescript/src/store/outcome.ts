import type { BatchResult, FailedResult, List, MismatchedResult, Task } from "../types.js";
import { isEqual, satisfied, touched } from "./patch.js";
import type { Conflict, Value, Write } from "./records.js";

export type Outcome =
  /** The service has executed it; a deletion has no value. */
  | { type: "done"; value?: Value; etag?: string }
  /** The object was changed, but not in these fields: it is sent again for the newer state. */
  | { type: "retry"; etag: string }
  | ({ type: "conflict" } & Pick<Conflict, "reason" | "error" | "current">);

/** Returns what the result of a write means. */
export function outcomeOf(write: Write, result: BatchResult): Outcome {
  if (!("error" in result)) {
    const value = valueOf(result);
    return value === undefined ? { type: "done" } : { type: "done", value, ...etagOf(result) };
  }
  if ("etag" in result && !("comment" in result)) return outcomeOfMismatch(write, result);
  if (result.status === 404 && write.op === "delete") return { type: "done" };
  const isGone = (result.status === 404 && write.op === "update") || result.status === 410;
  return { type: "conflict", reason: isGone ? "gone" : "rejected", error: errorOf(result) };
}

function outcomeOfMismatch(write: Write, result: Exclude<MismatchedResult, { comment: unknown }>): Outcome {
  const { etag } = result;
  const value = "task" in result ? result.task : result.list;
  // The id is ours: an earlier attempt has succeeded, and its response was lost.
  if (write.op === "create") return { type: "done", value, etag };
  if (write.op === "update") {
    if (satisfied(value, write.body)) return { type: "done", value, etag };
    if (isEqual(touched(value, write.body), write.base)) return { type: "retry", etag };
  }
  return { type: "conflict", reason: "changed", error: errorOf(result), current: { value, etag } };
}

function valueOf(result: object): Value | undefined {
  const { task, list } = result as { task?: Task; list?: List };
  return task ?? list;
}

function etagOf(result: object): { etag?: string } {
  const { etag } = result as { etag?: string };
  return etag === undefined ? {} : { etag };
}

function errorOf({ code, error, details = [] }: Pick<FailedResult, "code" | "error" | "details">): Conflict["error"] {
  return { code, message: error, details };
}
