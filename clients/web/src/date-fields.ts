import type { Task, TaskDate } from "@taskward/client";
import { html, nothing, type TemplateResult } from "lit-html";
import { live } from "lit-html/directives/live.js";
import type { App } from "./app.js";
import { addDays, dateText } from "./dates.js";
import { askForText } from "./dialogs.js";
import { select } from "./filters.js";
import { PRESETS, ruleText } from "./recurrence.js";

const OTHER = "other";

/** A day, and optionally a time; objects merge, so that only what changes is sent. */
export function dateFields(app: App, task: Task, name: "due" | "start", label: string): TemplateResult {
  const date = task[name];
  const change = (changes: object | null) => void app.actions.change(task, { [name]: changes });
  const setDay = (event: Event) => {
    const { value } = event.target as HTMLInputElement;
    change(value === "" ? null : { date: value });
  };
  const setTime = (event: Event) => change({ time: (event.target as HTMLInputElement).value || null });
  return html`
    <div class="field date">
      <span>${label}</span>
      <div>
        <input type="date" aria-label=${`${label}: day`} min="1970-01-01" max="9998-12-31" .value=${live(date?.date ?? "")} @change=${setDay} />
        ${date === undefined ? nothing : html`<input type="time" aria-label=${`${label}: time`} .value=${live(date.time ?? "")} @change=${setTime} />`}
        ${name === "due" ? quickDays(app, date, change) : nothing}
        ${date?.time_zone === undefined ? nothing : html`<span class="hint">in ${date.time_zone}; here ${dateText(date, app.now)}</span>`}
      </div>
    </div>
  `;
}

function quickDays({ now }: App, due: TaskDate | undefined, change: (changes: object | null) => void): TemplateResult {
  const day = (text: string, date: string) => html`
    <button class="plain small" aria-pressed=${due?.date === date} @click=${() => change({ date })}>${text}</button>
  `;
  return html`
    <span class="quick">
      ${day("Today", now.day)} ${day("Tomorrow", addDays(now.day, 1))} ${day("Next week", addDays(now.day, 7))}
      ${due === undefined ? nothing : html`<button class="plain small" @click=${() => change(null)}>No date</button>`}
    </span>
  `;
}

/** A recurring task needs a due date: without one it is due today. */
export function repeatFields(app: App, task: Task): TemplateResult | typeof nothing {
  const { recurrence, due, is_completed } = task;
  if (is_completed) return nothing;
  const known = recurrence !== undefined && PRESETS.some(([rule]) => rule === recurrence.rule);
  const current = recurrence === undefined ? "" : known ? recurrence.rule : OTHER;
  const options = {
    "": "Never",
    ...Object.fromEntries(PRESETS),
    [OTHER]: recurrence !== undefined && !known ? ruleText(recurrence) : "Another rule",
  };
  const set = async (value: string) => {
    const rule = value === OTHER ? await askForRule(recurrence?.rule) : value;
    if (rule === undefined) return app.update();
    const day = due === undefined && rule !== "" ? { due: { date: app.now.day } } : {};
    await app.actions.change(task, { recurrence: rule === "" ? null : { rule }, ...day });
  };
  const setAfter = (event: Event) => {
    const after = (event.target as HTMLInputElement).checked ? ("completion" as const) : null;
    void app.actions.change(task, { recurrence: { after } } as never);
  };
  return html`
    ${select("Repeats", options, current, (value) => void set(value))}
    ${recurrence === undefined ? nothing : html`
      <label class="check">
        <input type="checkbox" .checked=${live(recurrence.after === "completion")} @change=${setAfter} />
        Count from the day of completion
      </label>
    `}
  `;
}

async function askForRule(rule = "FREQ=WEEKLY;BYDAY=MO,TH"): Promise<string | undefined> {
  const hint = "A rule as in calendars (RFC 5545), in days. FREQ=MONTHLY;BYDAY=1MO is the first Monday of each month.";
  return await askForText("Repeat", "Rule", { value: rule, hint });
}
