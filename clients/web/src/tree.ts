import type { List, Task } from "@taskward/client";

export const MAX_LEVELS = 5;

/** Returns the text by which a task is placed; a task that was never placed has one of its id. Compare it with `<`. */
export function positionOf(value: Task | List): string {
  const position = value.position ?? positionsById.get(value) ?? `m${value.id.replaceAll("-", "")}h`;
  if (value.position === undefined) positionsById.set(value, position);
  return position;
}

/** A cache: a changed task is another object. */
const positionsById = new WeakMap<Task | List, string>();

/** All tasks and lists in their order. It is not changed: after a change there is a new one. */
export class Tree {
  readonly tasks: readonly Task[];
  readonly lists: readonly List[];
  readonly #byId: ReadonlyMap<string, Task>;
  readonly #children = new Map<string, Task[]>();
  #labels: Map<string, number> | undefined;

  constructor(tasks: Task[], lists: List[]) {
    this.tasks = inOrder(tasks);
    this.lists = inOrder(lists);
    this.#byId = new Map(tasks.map((task) => [task.id, task]));
    for (const task of this.tasks) {
      if (task.parent_id === undefined) continue;
      const siblings = this.#children.get(task.parent_id);
      if (siblings === undefined) this.#children.set(task.parent_id, [task]);
      else siblings.push(task);
    }
  }

  get(id: string | undefined): Task | undefined {
    return id === undefined ? undefined : this.#byId.get(id);
  }

  children(id: string): readonly Task[] {
    return this.#children.get(id) ?? [];
  }

  parent({ parent_id }: Task): Task | undefined {
    return this.get(parent_id);
  }

  list(id: string | undefined): List | undefined {
    return this.lists.find((list) => list.id === id);
  }

  /** Returns the open tasks that have the same place in the tree, in their order. */
  siblings({ parent_id, list_id }: Pick<Task, "parent_id" | "list_id">): Task[] {
    const candidates = parent_id === undefined ? this.tasks : this.children(parent_id);
    return candidates.filter(
      (task) => !task.is_completed && task.parent_id === parent_id && (parent_id !== undefined || task.list_id === list_id),
    );
  }

  /** Returns how many tasks are above a task. */
  levelOf(task: Task): number {
    const parent = this.parent(task);
    return parent === undefined ? 0 : this.levelOf(parent) + 1;
  }

  /** Returns how many levels a task and those below it take. */
  depthOf(task: Task): number {
    return 1 + Math.max(0, ...this.children(task.id).map((child) => this.depthOf(child)));
  }

  isBelow(task: Task | undefined, ancestor: string): boolean {
    if (task === undefined) return false;
    return task.id === ancestor || this.isBelow(this.parent(task), ancestor);
  }

  /** Returns the labels in use with their numbers of open tasks, in the order of the alphabet. */
  get labels(): ReadonlyMap<string, number> {
    return (this.#labels ??= countLabels(this.tasks));
  }
}

/** Returns whether two texts are the same label. */
export function isSameLabel(one: string, other: string): boolean {
  return one.toLowerCase() === other.toLowerCase();
}

function inOrder<Value extends Task | List>(values: Value[]): Value[] {
  const keyed = values.map((value) => ({ value, key: positionOf(value) }));
  // Not localeCompare, which does not compare code points.
  keyed.sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : a.value.id < b.value.id ? -1 : 1));
  return keyed.map(({ value }) => value);
}

function countLabels(tasks: readonly Task[]): Map<string, number> {
  const counts = new Map<string, { label: string; count: number }>();
  for (const { labels, is_completed } of tasks) {
    if (labels === undefined) continue;
    for (const label of labels) {
      const known = counts.get(label.toLowerCase()) ?? { label, count: 0 };
      counts.set(label.toLowerCase(), { label: known.label, count: known.count + (is_completed ? 0 : 1) });
    }
  }
  const sorted = [...counts.values()].sort((a, b) => a.label.localeCompare(b.label));
  return new Map(sorted.map(({ label, count }) => [label, count]));
}
