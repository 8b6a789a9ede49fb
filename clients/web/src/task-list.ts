import { html, nothing, type TemplateResult } from "lit-html";
import { repeat } from "lit-html/directives/repeat.js";
import type { App } from "./app.js";
import { startDrag } from "./drag.js";
import { icon } from "./icons.js";
import { onListKey } from "./keyboard.js";
import { layOutRows, reachableRow, scrolledTo, topOf, visibleRows } from "./layout.js";
import type { Row } from "./rows.js";
import { taskRow } from "./task-row.js";

let shown = "";

/** The virtualized list of the tasks. */
export function taskList(app: App): TemplateResult {
  const { rows, height } = layOutRows(app);
  const visible = visibleRows(app);
  shown = `${visible[0]} ${visible.at(-1)}`;
  return html`
    <div class="scroll" @scroll=${(event: Event) => scrolled(app, event.currentTarget as HTMLElement)}>
      ${rows.length === 0 ? empty(app) : nothing}
      <ul class="tasks" aria-label="Tasks" .style=${`height: ${height}px`}
        @keydown=${(event: KeyboardEvent) => onListKey(app, event)}
        @focusin=${(event: FocusEvent) => focused(app, event)}
        @pointerdown=${(event: PointerEvent) => startDrag(app, event)}>
        ${repeat(visible, (at) => rows[at]?.key, (at) => rowAt(app, rows, at))}
      </ul>
    </div>
  `;
}

function rowAt(app: App, rows: readonly Row[], at: number): TemplateResult {
  const row = rows[at] as Row;
  const hasTab = at === reachableRow(app);
  const style = `transform: translateY(${topOf(at)}px); height: ${topOf(at + 1) - topOf(at)}px`;
  const position = { style, at, count: rows.length, isReachable: hasTab };
  if (row.type === "task") return taskRow(app, row, position);
  if (row.type === "heading") return html`<li class="group" data-row=${row.key} .style=${style}><h2>${row.text}</h2></li>`;
  return html`
    <li class="group" data-row=${row.key} .style=${style}>
      <button class="plain fold" data-control="title" aria-expanded=${app.isFoldOpen} tabindex=${hasTab ? 0 : -1}
        @click=${() => app.toggle("isFoldOpen")}>
        ${icon("fold")} Completed <span class="count">${row.count}</span>
      </button>
    </li>
  `;
}

function scrolled(app: App, scroller: HTMLElement): void {
  scrolledTo(scroller.scrollTop);
  const visible = visibleRows(app);
  if (shown !== `${visible[0]} ${visible.at(-1)}`) app.update();
}

function focused(app: App, event: FocusEvent): void {
  const row = (event.target as Element).closest<HTMLElement>("[data-row]")?.dataset["row"];
  if (row === undefined || app.current === row) return;
  app.current = row;
  app.update();
}

function empty({ store, route }: App): TemplateResult {
  const isLoading = store.state === "connecting" && store.tasks.all().length === 0;
  const text = isLoading ? "Loading your tasks" : route.search !== "" ? "Nothing found" : "Nothing to do here";
  return html`<p class="empty" tabindex="-1">${text}</p>`;
}
