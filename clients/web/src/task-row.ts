import type { Task } from "@taskward/client";
import { html, nothing, type TemplateResult } from "lit-html";
import { live } from "lit-html/directives/live.js";
import { mayWrite, type App } from "./app.js";
import { dateKey, dateText, urgencyOf } from "./dates.js";
import { icon } from "./icons.js";
import { ruleText } from "./recurrence.js";
import { isManual, type TaskRow } from "./rows.js";

interface Position {
  style: string;
  at: number;
  count: number;
  isReachable: boolean;
}

/** Returns whether a row has a second line. */
export function isDetailed(app: App, { task }: TaskRow): boolean {
  const { due, start, labels, recurrence, description } = task;
  if (due ?? start ?? labels ?? recurrence ?? description) return true;
  return app.tree.children(task.id).length > 0 || placeOf(app, task) !== "";
}

/** One task. All of its controls can be reached by keys; the Tab key reaches those of one row. */
export function taskRow(app: App, { task, level, isPlaced }: TaskRow, { style, at, count, isReachable }: Position): TemplateResult {
  const { id, title, is_completed, priority } = task;
  const tabindex = isReachable ? 0 : -1;
  const canWrite = mayWrite(app.storeOf(task));
  return html`
    <li class="task ${is_completed ? "completed" : ""} ${isLater(app, task) ? "later" : ""}" data-row=${id} data-level=${level}
      data-priority=${priority ?? "none"} ?data-open=${app.route.task === id} .style=${style}
      aria-posinset=${at + 1} aria-setsize=${count}>
      <span class="indent" .style=${`width: ${level * 28}px`}></span>
      ${isPlaced && canWrite
        ? html`<button class="grip" data-control="grip" tabindex=${tabindex} aria-label=${`Move ${title}`}
            aria-keyshortcuts="Alt+ArrowUp Alt+ArrowDown Alt+ArrowRight Alt+ArrowLeft">${icon("grip")}</button>`
        : html`<span class="grip"></span>`}
      <input type="checkbox" data-control="check" tabindex=${tabindex} ?disabled=${!canWrite} .checked=${live(is_completed)}
        aria-label=${`${title}${priority === undefined ? "" : `, ${priority} priority`}: completed`}
        @change=${() => void app.actions.setCompleted(task, !is_completed)} />
      <button class="plain title" data-control="title" tabindex=${tabindex} @click=${() => app.open(id, task.user_id)}>
        <span class="text">${title}</span>
        <span class="chips">${chips(app, task)}</span>
      </button>
    </li>
  `;
}

function chips(app: App, task: Task) {
  const { due, start, recurrence, labels = [], description } = task;
  const children = app.tree.children(task.id);
  const done = children.filter(({ is_completed }) => is_completed).length;
  const place = placeOf(app, task);
  return [
    due === undefined ? nothing : dueChip(app, task),
    start !== undefined && isLater(app, task)
      ? html`<span class="chip">${icon("start")}<span class="visually-hidden">Starts </span>${dateText(start, app.now)}</span>`
      : nothing,
    recurrence === undefined ? nothing : html`<span class="chip">${icon("repeat")}${ruleText(recurrence)}</span>`,
    children.length === 0 ? nothing : html`<span class="chip">${done}/${children.length}<span class="visually-hidden"> subtasks completed</span></span>`,
    description === null ? nothing : html`<span class="chip">${icon("note")}<span class="visually-hidden">has a description</span></span>`,
    labels.map((label) => html`<span class="chip label">${label}</span>`),
    place === "" ? nothing : html`<span class="chip place"><span class="visually-hidden">in </span>${place}</span>`,
  ];
}

function dueChip({ now }: App, { due, is_completed }: Task): TemplateResult {
  const urgency = due === undefined || is_completed ? "later" : urgencyOf(due, now);
  return html`
    <span class="chip due" data-urgency=${urgency}>
      ${icon("today")}<span class="visually-hidden">${urgency === "overdue" ? "Overdue: " : "Due "}</span>${due && dateText(due, now)}
    </span>
  `;
}

/** A task that starts later is not to be done yet. */
function isLater({ now }: App, { start }: Task): boolean {
  return start !== undefined && dateKey({ ...start, time: start.time ?? "00:00" }) > `${now.day}T${now.time}`;
}

/** Returns where a task is, if the list does not show it. */
function placeOf({ tree, route, stores }: App, task: Task): string {
  const space = route.view.space === undefined ? stores.spaces.get(task.user_id) : undefined;
  if (space !== undefined) return space.space?.title ?? "Space";
  if (isManual(route) && !task.is_completed) {
    const parent = tree.parent(task);
    return parent?.is_completed === true ? parent.title : "";
  }
  const parent = tree.parent(task);
  const list = route.view.name === "list" && route.search === "" ? undefined : tree.list(task.list_id);
  return [list?.title, parent?.title].filter((text) => text !== undefined).join(" › ");
}
