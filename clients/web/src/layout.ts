import type { App } from "./app.js";
import type { Row } from "./rows.js";
import { isDetailed } from "./task-row.js";

const HEIGHTS = { task: 44, detailed: 64, heading: 52, fold: 52 };
/** Pixels above and below the visible part that are rendered too. */
const OVERSCAN = 240;

/** The positions of all rows. Only the visible ones are in the page. */
export interface Layout {
  rows: readonly Row[];
  indexes: ReadonlyMap<string, number>;
  tops: Float64Array;
  height: number;
}

let layout: Layout = { rows: [], indexes: new Map(), tops: new Float64Array(), height: 0 };
let scrollTop = 0;

/** Lays the rows out, if they have changed. If the current row is not there any more, the one in its place becomes current. */
export function layOutRows(app: App): Layout {
  const { rows, current } = app;
  if (layout.rows === rows) return layout;
  const before = layout;
  layout = layOut(app, rows);
  const at = current === undefined || layout.indexes.has(current) ? undefined : before.indexes.get(current);
  if (at !== undefined) app.current = successor(before.rows, at) ?? rows.find(isReachable)?.key;
  return layout;
}

/** Returns the indexes of the rows that are in the page. */
export function visibleRows(app: App): number[] {
  if (layout.rows.length === 0) return [];
  const first = rowAtHeight(scrollTop - OVERSCAN);
  const last = rowAtHeight(scrollTop + innerHeight + OVERSCAN);
  const visible = Array.from({ length: last - first + 1 }, (_, n) => first + n);
  const reachable = reachableRow(app);
  if (reachable < first) visible.unshift(reachable);
  if (reachable > last) visible.push(reachable);
  return visible;
}

/** Returns the index of the row that has the focus, or gets it by the Tab key. It is always in the page. */
export function reachableRow({ current }: App): number {
  const known = current === undefined ? undefined : layout.indexes.get(current);
  return known ?? Math.max(0, layout.rows.findIndex(isReachable));
}

/** Takes over how far the list is scrolled. */
export function scrolledTo(top: number): void {
  scrollTop = top;
}

/** Scrolls until a row is visible. */
export function reveal(app: App, key: string): void {
  layOutRows(app);
  const scroller = document.querySelector(".scroll");
  const at = layout.indexes.get(key);
  if (scroller === null || at === undefined) return;
  const [top, bottom] = [topOf(at), topOf(at + 1)];
  if (top < scroller.scrollTop) scroller.scrollTop = top - 8;
  else if (bottom > scroller.scrollTop + scroller.clientHeight) scroller.scrollTop = bottom - scroller.clientHeight + 8;
  scrollTop = scroller.scrollTop;
}

/** Returns the key of the row that is so many below another one, headings left out; undefined at the ends. */
export function neighbour(key: string, step: number): string | undefined {
  const rows = layout.rows;
  for (let at = (layout.indexes.get(key) ?? 0) + step; at >= 0 && at < rows.length; at += Math.sign(step)) {
    const row = rows[at];
    if (row !== undefined && isReachable(row)) return row.key;
  }
  return undefined;
}

/** Returns the index of the row at a height of the list, or of the last one. */
export function rowAtHeight(height: number): number {
  let [low, high] = [0, layout.rows.length - 1];
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (topOf(middle) <= height) low = middle;
    else high = middle - 1;
  }
  return low;
}

export function topOf(at: number): number {
  return layout.tops[at] ?? layout.height;
}

/** Returns the key of the next row that is still there, but none behind the fold, or of the last one before. */
function successor(before: readonly Row[], at: number): string | undefined {
  const isThere = (row: Row) => isReachable(row) && layout.indexes.has(row.key);
  const fold = before.findIndex(({ type }, n) => n > at && type === "fold");
  const after = before.slice(at + 1, fold === -1 ? undefined : fold);
  return (after.find(isThere) ?? before.slice(0, at).findLast(isThere))?.key;
}

function isReachable({ type }: Row): boolean {
  return type !== "heading";
}

function layOut(app: App, rows: readonly Row[]): Layout {
  const tops = new Float64Array(rows.length);
  let height = 0;
  for (const [at, row] of rows.entries()) {
    tops[at] = height;
    height += HEIGHTS[row.type === "task" && isDetailed(app, row) ? "detailed" : row.type];
  }
  return { rows, tops, height, indexes: new Map(rows.map(({ key }, at) => [key, at])) };
}
