import type { Task } from "@taskward/client";
import { addDays, dateKey, dayText, inLocalTime, urgencyOf, type Now } from "./dates.js";
import type { Filters, Route, Sort, View } from "./route.js";
import { isSameLabel, type Tree } from "./tree.js";

/** A row of the list. */
export type Row = TaskRow | { type: "heading"; key: string; text: string } | { type: "fold"; key: string; count: number };

export interface TaskRow {
  type: "task";
  key: string;
  task: Task;
  level: number;
  /** Whether its siblings are beside it, so that it can be moved. */
  isPlaced: boolean;
}

const PRIORITIES = ["low", "medium", "high", "urgent"];

/** Returns whether the tasks of a route are in the order that the user gives them. */
export function isManual({ view, search, filters, sort }: Route): boolean {
  const isOrdered = view.name === "inbox" || view.name === "list" || view.name === "all";
  return isOrdered && sort === "manual" && search === "" && Object.keys(filters).length === 0;
}

/**
 * Returns the rows of a route; of the completed tasks only the fold, unless it is open. `assigned` are tasks of other
 * owners that are in the view too.
 */
export function rowsOf(tree: Tree, route: Route, now: Now, isFoldOpen: boolean, assigned: readonly Task[] = []): Row[] {
  const words = route.search.toLowerCase().split(/\s+/);
  // A search covers all views.
  const isFound = (task: Task) => (route.search === "" ? isInView(tree, task, route.view, now) : contains(task, words));
  const matches = (task: Task) => isFound(task) && passes(task, route.filters, now);
  const found = [...tree.tasks.filter(matches), ...assigned.filter((task) => passes(task, route.filters, now))];
  const open = isManual(route) ? outline(tree, route.view) : sorted(found.filter((task) => !task.is_completed), route, now);
  const completed = found.filter((task) => task.is_completed);
  if (completed.length === 0) return open;
  const fold: Row = { type: "fold", key: "completed", count: completed.length };
  if (!isFoldOpen) return [...open, fold];
  completed.sort((a, b) => ((a.completed_at ?? "") > (b.completed_at ?? "") ? -1 : 1));
  return [...open, fold, ...completed.map((task) => rowOf(task))];
}

/** Returns how many open tasks a view has. */
export function countOf(tree: Tree, view: View, now: Now): number {
  return tree.tasks.reduce((count, task) => count + (!task.is_completed && isInView(tree, task, view, now) ? 1 : 0), 0);
}

/** Returns the tasks of a space that are in the user's own view, because they are assigned to this member. */
export function assignedTo(member: string, tree: Tree, view: View, now: Now): Task[] {
  return tree.tasks.filter((task) => task.assigned_to === member && isInView(tree, task, view, now));
}

function rowOf(task: Task, level = 0, isPlaced = false): TaskRow {
  return { type: "task", key: task.id, task, level, isPlaced };
}

/** Returns the open tasks of a view as an outline. One whose parent is completed is not hidden with it. */
function outline(tree: Tree, view: View): Row[] {
  const rows: Row[] = [];
  const add = (task: Task, level: number) => {
    if (task.is_completed) return;
    rows.push(rowOf(task, level, true));
    for (const child of tree.children(task.id)) add(child, level + 1);
  };
  const addList = (id: string | undefined) => {
    for (const task of tree.tasks) {
      const parent = tree.parent(task);
      if (task.list_id === id && (parent === undefined || parent.is_completed)) add(task, 0);
    }
  };
  if (view.name === "list") addList(view.id);
  else if (view.name === "inbox") addList(undefined);
  else {
    const lists = [undefined, ...tree.lists.filter(({ is_archived }) => !is_archived)];
    for (const list of lists) {
      const before = rows.length;
      addList(list?.id);
      const heading = { type: "heading", key: list?.id ?? "inbox", text: list?.title ?? "Inbox" } as const;
      if (rows.length > before) rows.splice(before, 0, heading);
    }
  }
  return rows;
}

function isInView(tree: Tree, task: Task, view: View, now: Now): boolean {
  if (view.name === "list") return task.list_id === view.id;
  if (view.name === "label") return (task.labels ?? []).some((label) => isSameLabel(label, view.label));
  if (view.name === "inbox") return task.list_id === undefined;
  if (view.name === "trash") return false; // what is there is no task
  if (task.list_id !== undefined && tree.list(task.list_id)?.is_archived === true) return false;
  if (view.name === "all") return true;
  if (task.is_completed) return view.name === "today" && wasToday(task, now);
  if (task.due === undefined) return false;
  const isLater = inLocalTime(task.due).day > now.day;
  return view.name === "upcoming" ? isLater : !isLater;
}

function wasToday({ completed_at }: Task, now: Now): boolean {
  if (completed_at === undefined) return false;
  const midnight = new Date(now.moment);
  midnight.setHours(0, 0, 0, 0);
  return new Date(completed_at) >= midnight;
}

function contains({ title, description }: Task, words: readonly string[]): boolean {
  const text = `${title}\n${description ?? ""}`.toLowerCase();
  return words.every((word) => text.includes(word));
}

function passes(task: Task, { priority, label, due }: Filters, now: Now): boolean {
  if (priority !== undefined && task.priority !== priority) return false;
  if (label !== undefined && !(task.labels ?? []).some((one) => isSameLabel(one, label))) return false;
  if (due === undefined) return true;
  if (due === "none" || task.due === undefined) return due === "none" && task.due === undefined;
  if (due === "overdue") return urgencyOf(task.due, now) === "overdue";
  const { day } = inLocalTime(task.due);
  return day >= now.day && day <= (due === "today" ? now.day : addDays(now.day, 7));
}

function sorted(tasks: Task[], { view, sort, search }: Route, now: Now): Row[] {
  const byDay = search === "" && sort === "manual" && (view.name === "today" || view.name === "upcoming");
  const key = sortKey(byDay ? "due" : sort);
  const keyed = tasks.map((task) => ({ task, key: key(task) })); // the sort is stable: equal ones stay in order
  keyed.sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0));
  const rows: Row[] = [];
  let heading: string | undefined;
  for (const { task } of keyed) {
    const text = byDay ? groupOf(task, now) : undefined;
    if (text !== undefined && text !== heading) rows.push({ type: "heading", key: `day ${text}`, text });
    heading = text;
    rows.push(rowOf(task));
  }
  return rows;
}

function groupOf({ due }: Task, now: Now): string | undefined {
  if (due === undefined) return undefined;
  return urgencyOf(due, now) === "overdue" ? "Overdue" : dayText(inLocalTime(due).day, now);
}

function sortKey(sort: Sort): (task: Task) => string | number {
  if (sort === "due") return ({ due }) => (due === undefined ? "~" : dateKey(due));
  if (sort === "priority") return ({ priority }) => -PRIORITIES.indexOf(priority ?? "");
  if (sort === "title") return ({ title }) => title.toLowerCase();
  if (sort === "newest") return ({ created_at }) => -Date.parse(created_at);
  return () => 0;
}
