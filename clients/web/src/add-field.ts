import { html, type TemplateResult } from "lit-html";
import { live } from "lit-html/directives/live.js";
import type { App } from "./app.js";
import { dateText } from "./dates.js";
import { icon } from "./icons.js";
import { reveal } from "./layout.js";
import { quickAdd, type Part, type QuickAdd } from "./quick-add.js";
import { ruleText } from "./recurrence.js";
import { viewLink } from "./route.js";

const PRIORITIES = { urgent: "Urgent", high: "High priority", medium: "Medium priority", low: "Low priority" };
const SETTING = "taskward.quick-add";

/** The parts of the text that the user wants in the title. */
const kept = new Set<string>();

/** The field for a new task in the view that is shown; below it is what is understood of the text. */
export function addField(app: App): TemplateResult {
  const field = `${viewLink(app.route.view)} add`;
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    void add(app, field, app.drafts.end(field) ?? "");
    app.update();
  };
  const input = (event: InputEvent) => {
    app.drafts.set(field, (event.target as HTMLInputElement).value, "");
    app.update();
  };
  const hint = app.route.view.name === "today" ? "Add a task for today" : "Add a task";
  const text = app.drafts.value(field, "");
  return html`
    <form class="add" @submit=${submit}>
      ${icon("plus")}
      <input name="title" placeholder=${hint} aria-label=${hint} maxlength="200" autocomplete="off" enterkeyhint="done"
        .value=${live(text)} @input=${input} />
      <div class="understood" role="status">${read(app, text).parts.map((part) => understood(app, part))}</div>
    </form>
  `;
}

/** Adds what the text says; it comes back if that is not stored, unless the user goes on typing. */
async function add(app: App, field: string, text: string): Promise<void> {
  const { title, fields } = read(app, text);
  const parts = [...kept];
  kept.clear();
  if (await app.actions.add(title, fields)) return reveal(app, app.current ?? "");
  if (app.drafts.value(field, "") !== "") return;
  for (const part of parts) kept.add(part);
  app.drafts.set(field, text, "");
  app.update();
}

/** The setting of this device: whether dates, labels, priorities and lists are taken out of the text. */
export function quickAddSetting(app: App): TemplateResult {
  const change = (event: Event) => {
    if ((event.target as HTMLInputElement).checked) localStorage.removeItem(SETTING);
    else localStorage.setItem(SETTING, "off");
    app.update();
  };
  return html`
    <label class="setting">
      <input type="checkbox" .checked=${live(isOn())} @change=${change} />
      Understand “tomorrow 5pm”, #label, !high and /list in a new task
    </label>
  `;
}

function isOn(): boolean {
  return localStorage.getItem(SETTING) !== "off";
}

function read({ now, tree }: App, text: string): QuickAdd {
  if (!isOn() || text === "") return { title: text.trim(), parts: [], fields: {} };
  return quickAdd(text, { now, lists: tree.lists, labels: tree.labels.keys(), kept });
}

function understood(app: App, part: Part): TemplateResult {
  const keep = (event: Event) => {
    kept.add(part.text);
    (event.currentTarget as Element).closest("form")?.querySelector("input")?.focus();
    app.update();
  };
  const text = meaning(app, part);
  return html`
    <button class="plain small" type="button" aria-label=${`${text}: keep “${part.text}” in the title`} @click=${keep}>
      ${text}${icon("close")}
    </button>
  `;
}

function meaning({ now, tree }: App, { gives: { due, recurrence, labels, priority, list_id } }: Part): string {
  const day = due ? dateText(due, now) : "";
  if (recurrence) return `${ruleText(recurrence)}, first ${day}`;
  if (due) return `Due: ${day}`;
  if (labels) return `#${labels.join(" #")}`;
  return priority ? PRIORITIES[priority] : `In ${tree.list(list_id)?.title ?? "the inbox"}`;
}
