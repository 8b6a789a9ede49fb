import type { Task } from "@taskward/client";
import type { App } from "./app.js";
import { rowAtHeight, topOf } from "./layout.js";
import type { Place } from "./moving.js";
import type { TaskRow } from "./rows.js";

const INDENT = 28;
const EDGE = 48;

/** A row that is being dragged: by a mouse, a pen or a finger, from its handle. */
interface Drag {
  row: TaskRow;
  startX: number;
  marker: HTMLElement;
  place: Place | undefined;
  /** The list of the sidebar below the pointer; "" for no list. */
  list: string | undefined;
}

export function startDrag(app: App, event: PointerEvent): void {
  const grip = (event.target as Element).closest<HTMLElement>("button.grip");
  const item = grip?.closest<HTMLElement>("[data-row]");
  const row = app.rows.find((one) => one.key === item?.dataset["row"]);
  if (grip === null || grip === undefined || item === null || item === undefined) return;
  if (row?.type !== "task" || event.button !== 0) return;
  app.current = row.key; // so that it stays in the page, also if the list scrolls
  const marker = document.createElement("div");
  marker.className = "marker";
  const drag: Drag = { row, startX: event.clientX, marker, place: undefined, list: undefined };
  const ending = new AbortController();
  const { signal } = ending;
  const end = () => {
    ending.abort();
    marker.remove();
    item.classList.remove("dragged");
    markDrop(undefined);
  };
  grip.setPointerCapture(event.pointerId);
  item.classList.add("dragged");
  grip.closest("ul")?.append(marker);
  grip.addEventListener("pointermove", (move) => track(app, drag, move), { signal });
  grip.addEventListener("pointercancel", end, { signal });
  addEventListener("keydown", (key) => key.key === "Escape" && end(), { signal });
  grip.addEventListener("pointerup", () => (end(), drop(app, drag)), { signal });
}

function track(app: App, drag: Drag, { clientX, clientY }: PointerEvent): void {
  const target = document.elementFromPoint(clientX, clientY)?.closest<HTMLElement>("[data-drop]");
  markDrop(target);
  drag.list = target?.dataset["drop"];
  drag.marker.hidden = drag.list !== undefined;
  const scroller = document.querySelector<HTMLElement>(".scroll");
  if (scroller === null || drag.list !== undefined) return;
  const frame = scroller.getBoundingClientRect();
  if (clientY < frame.top + EDGE) scroller.scrollTop -= 12;
  else if (clientY > frame.bottom - EDGE) scroller.scrollTop += 12;
  const height = clientY - frame.top + scroller.scrollTop;
  const wanted = drag.row.level + Math.round((clientX - drag.startX) / INDENT);
  const found = placeAt(app, drag.row, height, wanted);
  drag.place = found?.place;
  if (found !== undefined) drag.marker.style.cssText = `top: ${found.top}px; margin-left: ${found.level * INDENT}px`;
}

/** Returns the place between the two rows that are nearest, at the level that is wanted if it is possible there. */
function placeAt(app: App, dragged: TaskRow, height: number, wanted: number) {
  const at = rowAtHeight(height);
  const isBelowMiddle = height > (topOf(at) + topOf(at + 1)) / 2;
  const gap = isBelowMiddle ? at + 1 : at;
  const below = (row: TaskRow) => app.tree.isBelow(row.task, dragged.task.id);
  const placed = (row: (typeof app.rows)[number] | undefined) => (row?.type === "task" && row.isPlaced ? row : undefined);
  let [aboveAt, nextAt] = [gap - 1, gap];
  for (let row = placed(app.rows[aboveAt]); row && below(row); row = placed(app.rows[aboveAt])) aboveAt -= 1;
  for (let row = placed(app.rows[nextAt]); row && below(row); row = placed(app.rows[nextAt])) nextAt += 1;
  const [above, next] = [placed(app.rows[aboveAt]), placed(app.rows[nextAt])];
  if (above === undefined && next === undefined) return undefined;
  const level = Math.max(next?.level ?? 0, Math.min(wanted, (above?.level ?? -1) + 1, 4));
  const parent = parentAt(app, above, level);
  const list = parent?.list_id ?? (above ?? next)?.task.list_id;
  const siblings = app.tree.siblings({ ...(parent && { parent_id: parent.id }), ...(list !== undefined && { list_id: list }) });
  const before = next?.level === level ? next.task : afterAncestor(app, above, level, siblings);
  return { place: { parent, list, before } satisfies Place, level, top: topOf(gap) };
}

/** Returns the ancestor of a row at the level above: the parent of what comes after it. */
function parentAt(app: App, above: TaskRow | undefined, level: number): Task | undefined {
  if (above === undefined || level === 0) return undefined;
  return ancestor(app, above, level - 1);
}

function ancestor(app: App, row: TaskRow, level: number): Task | undefined {
  let task: Task | undefined = row.task;
  for (let at = row.level; at > level; at -= 1) task = task && app.tree.parent(task);
  return task;
}

/** Returns the sibling behind the ancestor of the row above, at that level. */
function afterAncestor(app: App, above: TaskRow | undefined, level: number, siblings: Task[]): Task | undefined {
  if (above === undefined || above.level < level) return siblings[0];
  const previous = ancestor(app, above, level);
  return previous && siblings[siblings.indexOf(previous) + 1];
}

function drop(app: App, { row, place, list }: Drag): void {
  if (list !== undefined) void app.actions.putInList(row.task, list === "" ? undefined : list);
  else if (place !== undefined) void app.actions.moveTo(row.task, place);
}

function markDrop(target: HTMLElement | null | undefined): void {
  for (const marked of document.querySelectorAll("[data-drop-here]")) delete (marked as HTMLElement).dataset["dropHere"];
  if (target) target.dataset["dropHere"] = "";
}
