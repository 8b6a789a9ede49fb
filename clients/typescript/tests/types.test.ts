import assert from "node:assert/strict";
import { test } from "node:test";
import {
  type BatchResult,
  type Change,
  type Comment,
  type FailedResult,
  type List,
  type ListDeletionOptions,
  type ListDeletion,
  type ListUpsert,
  type MismatchedResult,
  type Task,
  type TaskDeletion,
  type TaskUpsert,
} from "@taskward/client";
import { TASK } from "./support.js";

const { description: _, is_completed: __, ...common } = TASK;
const LIST = { ...common, title: "Home", is_archived: false, position: "a0" };

const COMMENT: Comment = {
  id: "1",
  task_id: TASK.id,
  user_id: TASK.user_id,
  author_id: null,
  text: "Sold out",
  created_at: TASK.created_at,
  updated_at: TASK.updated_at,
};

type Same<One, Other> = (<T>() => T extends One ? 1 : 2) extends <T>() => T extends Other ? 1 : 2 ? true : false;

/** Compiles only if the two types are the same. */
function same<One, Other>(_: Same<One, Other>): void {}

function titleOf(change: Change): string {
  if ("task" in change) {
    same<typeof change, TaskUpsert>(true);
    return change.task.title;
  }
  if ("list" in change) {
    same<typeof change, ListUpsert>(true);
    return change.list.title;
  }
  same<typeof change.op, "delete">(true);
  if ("kind" in change) {
    same<typeof change, ListDeletion>(true);
    return `${change.kind} ${change.id}`;
  }
  same<typeof change, TaskDeletion>(true);
  return change.id;
}

function textOf(result: { task: Task } | { list: List } | { comment: Comment }): string {
  if ("task" in result) return result.task.title;
  return "list" in result ? result.list.title : result.comment.text;
}

function outcomeOf(result: BatchResult): string {
  if (!("error" in result)) {
    if ("message" in result) return result.message;
    return textOf(result);
  }
  if ("etag" in result) {
    same<typeof result, MismatchedResult>(true);
    return `${textOf(result)} ${result.etag}`;
  }
  same<typeof result, FailedResult>(true);
  return result.code;
}

test("a key tells which of the four changes it is", () => {
  const upserts: Change[] = [
    { op: "upsert", task: TASK, etag: '"1"' },
    { op: "upsert", list: LIST, etag: '"1"' },
  ];
  const deletions: Change[] = [
    { op: "delete", kind: "list", id: "1" },
    { op: "delete", id: "2" },
  ];
  // @ts-expect-error A change of a task has the task.
  const incomplete: Change = { op: "upsert", etag: '"1"' };

  assert.deepEqual([...upserts, ...deletions].map(titleOf), [TASK.title, LIST.title, "list 1", "2"]);
  assert.equal("task" in incomplete, false);
});

test("only tasks that are deleted go into the trash with a list", () => {
  const trashed: ListDeletionOptions = { tasks: "delete", to: "trash" };
  // @ts-expect-error Those that are kept stay tasks.
  const kept: ListDeletionOptions = { tasks: "keep", to: "trash" };
  // @ts-expect-error What becomes of the tasks is not said.
  const unsaid: ListDeletionOptions = { to: "trash" };

  assert.deepEqual([trashed, kept, unsaid].map(({ to }) => to), ["trash", "trash", "trash"]);
});

test("a key tells what became of an operation", () => {
  const results: BatchResult[] = [
    { status: 201, task: TASK, etag: '"1"' },
    { status: 200, list: LIST, etag: '"1"' },
    { status: 201, comment: COMMENT, etag: '"1"' },
    { status: 200, message: "List deleted successfully", id: "1" },
    { status: 412, error: "…", code: "PRECONDITION_FAILED", list: LIST, etag: '"2"' },
    { status: 412, error: "…", code: "PRECONDITION_FAILED" },
  ];

  assert.deepEqual(results.map(outcomeOf), [
    TASK.title,
    LIST.title,
    COMMENT.text,
    "List deleted successfully",
    `${LIST.title} "2"`,
    "PRECONDITION_FAILED",
  ]);
});
