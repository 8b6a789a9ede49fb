import type { TaskPriority } from "@taskward/client";

/** What is shown, of the user or of a space. */
export type View = { space?: string } & (
  | { name: "today" | "upcoming" | "inbox" | "all" | "trash" }
  | { name: "list"; id: string }
  | { name: "label"; label: string }
);

export type LabelView = Extract<View, { name: "label" }>;

export type Sort = "manual" | "due" | "priority" | "title" | "newest";

export interface Filters {
  priority?: TaskPriority;
  label?: string;
  due?: "overdue" | "today" | "week" | "none";
}

/** The state that is in the URL, so that a reload, the back button and a bookmark show the same. */
export interface Route {
  view: View;
  search: string;
  filters: Filters;
  sort: Sort;
  /** The task whose details are open. */
  task?: string;
}

export function parseRoute(hash: string): Route {
  const [path = "", query = ""] = hash.replace(/^#\/?/, "").split("?");
  const values = new URLSearchParams(query);
  const task = values.get("task");
  const filters = { priority: values.get("priority"), label: values.get("label"), due: values.get("due") };
  return {
    view: parseView(path),
    search: values.get("q") ?? "",
    filters: Object.fromEntries(Object.entries(filters).filter(([, value]) => value !== null)) as Filters,
    sort: (values.get("sort") ?? "manual") as Sort,
    ...(task !== null && { task }),
  };
}

export function formatRoute({ view, search, filters, sort, task }: Route): string {
  const given = { q: search, ...filters, sort: sort === "manual" ? "" : sort, task: task ?? "" };
  const query = new URLSearchParams(Object.entries(given).filter(([, value]) => value !== "")).toString();
  return `${viewLink(view)}${query === "" ? "" : `?${query}`}`;
}

/** Returns the URL of a view, without search and filters. */
export function viewLink(view: View): string {
  const owner = view.space === undefined ? "#" : `#/space/${view.space}`;
  if (view.name === "list") return `${owner}/list/${view.id}`;
  if (view.name === "label") return `${owner}/label/${encodeURIComponent(view.label)}`;
  return `${owner}/${view.name}`;
}

export function isSameView(one: View, other: View): boolean {
  return viewLink(one) === viewLink(other);
}

function parseView(path: string): View {
  const [first, space = "", ...rest] = path.split("/");
  if (first === "space") return { ...parseView(rest.join("/")), space };
  const [name, value = ""] = path.split("/");
  if (name === "list") return { name, id: value };
  const label = name === "label" ? decoded(value) : undefined;
  if (label !== undefined) return { name: "label", label };
  if (name === "today" || name === "upcoming" || name === "all" || name === "trash") return { name };
  return { name: "inbox" };
}

/** Returns a part of an address; undefined if a person or a program has damaged it. */
function decoded(part: string): string | undefined {
  try {
    return decodeURIComponent(part);
  } catch {
    return undefined;
  }
}
