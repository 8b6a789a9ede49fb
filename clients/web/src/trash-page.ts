import type { TrashedTask } from "@taskward/client";
import { html, nothing, type TemplateResult } from "lit-html";
import { repeat } from "lit-html/directives/repeat.js";
import type { App } from "./app.js";
import { momentText } from "./dates.js";
import { rowControl } from "./focus.js";
import { icon } from "./icons.js";
import { scrolledTo } from "./layout.js";
import type { Trash } from "./trash.js";

/** The deleted tasks that can be restored, and what the page says where there are none. */
export function trashPage(app: App): TemplateResult {
  const { tasks = [], hasMore } = app.trash;
  scrolledTo(0); // the list of the tasks is not in the page
  return html`
    <div class="scroll">
      ${problem(app)} ${tasks.length === 0 ? empty(app) : head(app)}
      <ul class="trash" aria-label="Deleted tasks" ?hidden=${tasks.length === 0}
        @keydown=${(event: KeyboardEvent) => onKey(app, event)} @focusin=${(event: FocusEvent) => focused(app, event)}>
        ${repeat(tasks, ({ task }) => task.id, (trashed) => row(app, trashed))}
      </ul>
      ${hasMore ? html`<button class="more" @click=${() => app.trash.readMore()}>Show more</button>` : nothing}
    </div>
  `;
}

function head(app: App): TemplateResult {
  return html`
    <div class="trash-head">
      <p class="hint">The service deletes these tasks permanently after a time.</p>
      ${app.canWrite ? html`<button class="danger" @click=${() => void app.actions.emptyTrash()}>Empty trash</button>` : nothing}
    </div>
  `;
}

/** One deleted task. The Tab key reaches the buttons of one row. */
function row(app: App, trashed: TrashedTask): TemplateResult {
  const { id, title, list_id } = trashed.task;
  const tabindex = id === reachable(app) ? 0 : -1;
  const root = app.trash.tasks?.find(({ task }) => task.id === trashed.deleted_with)?.task;
  const list = app.tree.list(list_id);
  return html`
    <li data-row=${id}>
      <div class="trashed">
        <span class="text">${title}</span>
        <span class="chips">
          <span class="chip">Deleted ${momentText(trashed.deleted_at)}</span>
          ${root === undefined ? nothing : html`<span class="chip place">with ${root.title}</span>`}
          ${list === undefined ? nothing : html`<span class="chip place"><span class="visually-hidden">from </span>${list.title}</span>`}
        </span>
      </div>
      ${app.canWrite ? buttons(app, trashed, tabindex) : nothing}
    </li>
  `;
}

function buttons({ actions }: App, trashed: TrashedTask, tabindex: number): TemplateResult {
  const { title } = trashed.task;
  return html`
    <button data-control="restore" tabindex=${tabindex} aria-label=${`Restore ${title}`}
      @click=${() => void actions.restore(trashed)}>Restore</button>
    <button class="icon-button" data-control="purge" tabindex=${tabindex} aria-label=${`Delete ${title} permanently`}
      @click=${() => void actions.purge(trashed)}>${icon("trash")}</button>
  `;
}

function problem({ trash }: App): TemplateResult | typeof nothing {
  if (trash.problem === undefined) return nothing;
  return html`
    <div class="banner" role="alert">
      ${icon("warning")}<span>${trash.problem}</span><button @click=${() => void trash.read()}>Try again</button>
    </div>
  `;
}

function empty({ trash, store: { state } }: App): TemplateResult | typeof nothing {
  const isSignedOut = state === "unauthorized" || state === "other-user";
  if (trash.problem !== undefined && !isSignedOut) return nothing;
  const text = isSignedOut ? "Sign in to see the trash" : state === "removed" ? "You are not in this space any more." : emptyText(trash);
  return html`<p class="empty" role="status" tabindex="-1">${text}</p>`;
}

function emptyText({ isOff, tasks }: Trash): string {
  if (isOff) return "The trash is off: what is deleted cannot be restored";
  return tasks === undefined ? "Loading the trash" : "The trash is empty";
}

/** Returns the row that has the focus, or gets it by the Tab key. */
function reachable({ current, trash: { tasks = [] } }: App): string | undefined {
  return (tasks.find(({ task }) => task.id === current) ?? tasks[0])?.task.id;
}

function focused(app: App, event: FocusEvent): void {
  const row = (event.target as Element).closest<HTMLElement>("[data-row]")?.dataset["row"];
  if (row === undefined || app.current === row) return;
  app.current = row;
  app.update();
}

/** The keys that go from row to row. */
function onKey({ trash: { tasks = [] } }: App, event: KeyboardEvent): void {
  if (event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
  const button = event.target as HTMLElement;
  const at = tasks.findIndex(({ task }) => task.id === button.closest<HTMLElement>("[data-row]")?.dataset["row"]);
  const target = { ArrowUp: at - 1, ArrowDown: at + 1, Home: 0, End: tasks.length - 1 }[event.key];
  if (at === -1 || target === undefined) return;
  event.preventDefault();
  rowControl(tasks[target]?.task.id ?? "", button.dataset["control"])?.focus();
}
