import type { Task } from "@taskward/client";
import { html, nothing, type TemplateResult } from "lit-html";
import { live } from "lit-html/directives/live.js";
import { repeat } from "lit-html/directives/repeat.js";
import type { App } from "./app.js";
import { momentText } from "./dates.js";
import { dateFields, repeatFields } from "./date-fields.js";
import { select } from "./filters.js";
import { discussion } from "./discussion.js";
import { draftProblem, notStorable } from "./draft-problem.js";
import { openHistory } from "./history.js";
import { icon } from "./icons.js";
import { nameOf } from "./people.js";
import { reminderFields } from "./reminder-fields.js";
import { isManual } from "./rows.js";

const PRIORITIES = { "": "None", low: "Low", medium: "Medium", high: "High", urgent: "Urgent" };

/**
 * All fields of a task. Each is stored when it loses the focus. Who may only look can scroll and copy a text: so it is
 * read-only and not disabled, which would also take the focus from who is typing when the role changes.
 */
export function detailsPanel(app: App, task: Task): TemplateResult {
  const { is_completed, priority, list_id, parent_id } = task;
  const { tree, actions, canWrite } = app;
  const lists = tree.lists.filter((list) => !list.is_archived || list.id === list_id);
  const places = { "": "Inbox", ...Object.fromEntries(lists.map((list) => [list.id, list.title])) };
  const parent = tree.get(parent_id);
  return html`
    <section class="details" aria-label="Details" tabindex="-1">
      <div class="details-head">
        <input type="checkbox" ?disabled=${!canWrite} .checked=${live(is_completed)} aria-label="Completed" data-priority=${priority ?? "none"}
          @change=${() => void actions.setCompleted(task, !is_completed)} />
        ${parent === undefined ? html`<span></span>` : html`<button class="plain parent" @click=${() => app.open(parent.id)}>${parent.title} ›</button>`}
        ${moveButtons(app, task)}
        ${canWrite ? html`<button class="icon-button" aria-label="Delete" @click=${() => void actions.remove(task)}>${icon("trash")}</button>` : nothing}
        <button class="icon-button" aria-label="Close details" @click=${() => app.close()}>${icon("close")}</button>
      </div>
      <div class="details-body">
        ${text(app, task, "title", "Title", 200)} ${text(app, task, "description", "Description", 2000)}
        ${subtasks(app, task)}
        <fieldset ?disabled=${!canWrite}>
          ${dateFields(app, task, "due", "Due")} ${repeatFields(app, task)} ${dateFields(app, task, "start", "Starts")}
        </fieldset>
        ${reminderFields(app, task)}
        <fieldset ?disabled=${!canWrite}>
          ${select("Priority", PRIORITIES, priority ?? "", (value) => void actions.change(task, { priority: (value || null) as Task["priority"] & {} }))}
          ${select("List", places, list_id ?? "", (value) => void actions.putInList(task, value || undefined))}
          ${assignee(app, task)} ${labelFields(app, task)}
        </fieldset>
        <p class="hint">Created ${momentText(task.created_at)}${by(app, task.created_by)} · Changed ${momentText(task.updated_at)}${by(app, task.updated_by)}</p>
        ${discussion(app, task)} ${history(app, task)}
      </div>
    </section>
  `;
}

/** In a space, the member who is asked to do the task. */
function assignee(app: App, task: Task): TemplateResult | typeof nothing {
  if (app.route.view.space === undefined) return nothing;
  const { assigned_to } = task;
  const members = app.store.members.filter((one) => one.role !== null || one.id === assigned_to);
  const names = { "": "Nobody", ...Object.fromEntries(members.map((one) => [one.id, nameOf(one)])) };
  return select("Assigned to", names, assigned_to ?? "", (value) => void app.actions.change(task, { assigned_to: value || null }));
}

/** In a space, what members did with the task. */
function history(app: App, { id, title }: Task): TemplateResult | typeof nothing {
  const { space } = app.route.view;
  if (space === undefined || app.store.state === "removed") return nothing;
  return html`<button class="plain" @click=${() => void openHistory(app, space, `“${title}”`, id)}>Activity of this task</button>`;
}

function by(app: App, member: string | null | undefined): string {
  if (member === null || member === undefined) return "";
  return ` by ${nameOf(app.store.members.find(({ id }) => id === member))}`;
}

/** The same as dragging, for a single pointer. */
function moveButtons({ actions, route, canWrite }: App, task: Task): TemplateResult | typeof nothing {
  if (!isManual(route) || task.is_completed || !canWrite) return nothing;
  return html`
    <button class="icon-button" aria-label="Move up" @click=${() => void actions.move(task.id, "up")}>${icon("up")}</button>
    <button class="icon-button" aria-label="Move down" @click=${() => void actions.move(task.id, "down")}>${icon("down")}</button>
  `;
}

function text(app: App, task: Task, name: "title" | "description", label: string, maxLength: number): TemplateResult {
  const stored = task[name] ?? "";
  const field = `${task.id} ${name}`;
  const commit = async () => {
    const draft = app.drafts.value(field, stored);
    const isUsable = draft !== stored && draft.trim() !== stored && (name !== "title" || draft.trim() !== "");
    if (isUsable && !(await app.actions.change(task, { [name]: draft }))) return; // the text stays in the field
    if (app.drafts.value(field, stored) === draft) app.drafts.end(field); // else the user goes on typing
    app.update();
  };
  const keys = (event: KeyboardEvent) => {
    if (event.key !== "Enter" || event.isComposing || name !== "title") return;
    event.preventDefault();
    (event.target as HTMLElement).blur();
  };
  const draft = app.drafts.value(field, stored);
  const newer = app.drafts.newerValue(field, stored);
  const discard = () => (app.drafts.end(field), app.update());
  return html`
    <label class="text ${name}">
      <span class="visually-hidden">${label}</span>
      <textarea rows="1" maxlength=${maxLength} placeholder=${label} ?readonly=${!app.canWrite} .value=${live(draft)} @keydown=${keys}
        @input=${(event: InputEvent) => app.drafts.set(field, (event.target as HTMLTextAreaElement).value, stored)}
        @blur=${commit}></textarea>
    </label>
    ${newer !== undefined
      ? draftProblem(`Another device has changed it to: ${newer === "" ? "nothing" : newer}`, "Take that", discard)
      : !app.canWrite && draft !== stored
        ? notStorable(discard)
        : nothing}
  `;
}

function subtasks(app: App, task: Task): TemplateResult {
  const children = app.tree.children(task.id);
  const submit = (event: SubmitEvent) => void send(event, (title) => app.actions.addSubtask(title, task));
  return html`
    <div class="subtasks">
      ${children.length === 0 ? nothing : html`
        <ul aria-label="Subtasks">
          ${repeat(children, ({ id }) => id, (child) => html`
            <li class=${child.is_completed ? "completed" : ""}>
              <input type="checkbox" ?disabled=${!app.canWrite} .checked=${live(child.is_completed)} aria-label=${`${child.title}: completed`}
                data-priority=${child.priority ?? "none"}
                @change=${() => void app.actions.setCompleted(child, !child.is_completed)} />
              <button class="plain" @click=${() => app.open(child.id)}>${child.title}</button>
            </li>
          `)}
        </ul>
      `}
      ${!app.canWrite ? nothing : html`
        <form @submit=${submit}>
          ${icon("plus")}<input name="subtask" placeholder="Add a subtask" aria-label="Add a subtask" maxlength="200" autocomplete="off" />
        </form>
      `}
    </div>
  `;
}

/** Sends the text of a form and empties its field; what was not stored comes back, unless the user goes on typing. */
async function send(event: SubmitEvent, store: (text: string) => Promise<boolean>): Promise<void> {
  event.preventDefault();
  const [input] = (event.target as HTMLFormElement).elements as unknown as [HTMLInputElement];
  const text = input.value;
  input.value = "";
  if (!(await store(text)) && input.value === "") input.value = text;
}

function labelFields(app: App, task: Task): TemplateResult {
  const submit = (event: SubmitEvent) => void send(event, (label) => app.actions.addLabel(task, label));
  return html`
    <div class="field">
      <span id="labels-of-task">Labels</span>
      <div class="labels">
        ${(task.labels ?? []).map((label) => html`
          <span class="chip label">${label}
            <button class="plain" aria-label=${`Remove label ${label}`}
              @click=${() => void app.actions.change(task, { remove_labels: [label] })}>${icon("close")}</button>
          </span>
        `)}
        <form @submit=${submit}>
          <input name="label" list="known-labels" placeholder="Add a label" aria-label="Add a label" maxlength="50" autocomplete="off" />
          <datalist id="known-labels">${[...app.tree.labels.keys()].map((label) => html`<option value=${label}></option>`)}</datalist>
        </form>
      </div>
    </div>
  `;
}
