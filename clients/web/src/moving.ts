import type { List, Task, TaskChanges } from "@taskward/client";
import { generateKeyBetween } from "fractional-indexing";
import { MAX_LEVELS, positionOf, type Tree } from "./tree.js";

/** The target of a move: below a parent or at the top level of a list, before a sibling or last. */
export interface Place {
  parent: Task | undefined;
  list: string | undefined;
  before: Task | undefined;
}

/** Returns the changes that put a task in a place, or undefined if it is there or may not go there. */
export function moveTo(tree: Tree, task: Task, { parent, list, before }: Place): TaskChanges | undefined {
  if (parent !== undefined && !mayGoBelow(tree, task, parent)) return undefined;
  const list_id = parent === undefined ? list : parent.list_id;
  const siblings = tree.siblings({ ...(parent && { parent_id: parent.id }), ...(list_id !== undefined && { list_id }) });
  const others = siblings.filter(({ id }) => id !== task.id);
  const found = others.findIndex(({ id }) => id === before?.id);
  const at = found === -1 ? others.length : found;
  const isThere = task.parent_id === parent?.id && task.list_id === list_id;
  if (isThere && siblings.indexOf(task) === at) return undefined;
  return {
    ...(task.parent_id !== parent?.id && { parent_id: parent?.id ?? null }),
    ...(task.list_id !== list_id && { list_id: list_id ?? null }),
    position: positionBetween(others[at - 1], others[at]),
  };
}

/** Returns the changes that move a task among its siblings, or undefined at the end. */
export function moveBy(tree: Tree, task: Task, step: -1 | 1): TaskChanges | undefined {
  const siblings = tree.siblings(task);
  const at = siblings.indexOf(task) + step;
  if (at < 0 || at >= siblings.length) return undefined;
  const before = siblings[step === 1 ? at + 1 : at];
  return moveTo(tree, task, { parent: tree.parent(task), list: task.list_id, before });
}

/** Returns the changes that make a task a part of the one above it. */
export function indent(tree: Tree, task: Task): TaskChanges | undefined {
  const siblings = tree.siblings(task);
  const parent = siblings[siblings.indexOf(task) - 1];
  return parent && moveTo(tree, task, { parent, list: parent.list_id, before: undefined });
}

/** Returns the changes that put a task behind the one that it is a part of. */
export function outdent(tree: Tree, task: Task): TaskChanges | undefined {
  const parent = tree.parent(task);
  if (parent === undefined) return undefined;
  const siblings = tree.siblings(parent);
  const before = siblings[siblings.indexOf(parent) + 1];
  return moveTo(tree, task, { parent: tree.parent(parent), list: parent.list_id, before });
}

/**
 * Returns a position between two siblings. It is made here, so that the task is there at once, also without a network.
 * If two devices have made the same key there is none between them: then the service finds one.
 */
export function positionBetween<Value extends Task | List>(
  after: Value | undefined,
  before: Value | undefined,
): NonNullable<TaskChanges["position"]> {
  try {
    const key = generateKeyBetween(after ? positionOf(after) : null, before ? positionOf(before) : null);
    if (key.length <= 100) return key;
  } catch {
    // They are equal.
  }
  return after ? { after: after.id } : { at: "first" };
}

function mayGoBelow(tree: Tree, task: Task, parent: Task): boolean {
  if (tree.isBelow(parent, task.id)) return false;
  return tree.levelOf(parent) + 1 + tree.depthOf(task) <= MAX_LEVELS;
}
