import type { OwnReminders, Task } from "@taskward/client";
import { html, nothing, type TemplateResult } from "lit-html";
import { live } from "lit-html/directives/live.js";
import type { App } from "./app.js";
import { momentText } from "./dates.js";
import { openDialog } from "./dialogs.js";
import { icon } from "./icons.js";
import type { Reminder } from "./reminders.js";

const MAX_REMINDERS = 10;
const AT = "at";
/** Minutes from the due time, and from the beginning of the due day. */
const OF_A_TIME = { "0": "When it is due", "-10": "10 minutes before", "-60": "1 hour before", "-1440": "1 day before" };
const OF_A_DAY = { "540": "On the day at 9:00", "-900": "The day before at 9:00" };

/** The last change: the next one begins where it has ended, however fast they follow. */
let last: Promise<unknown> = Promise.resolve();

/** The reminders that the user has for a task. */
export function reminderFields(app: App, task: Task): TemplateResult | typeof nothing {
  const { space } = app.route.view;
  if (app.store.state === "removed") return nothing;
  const reminders = app.reminders.of(task, space);
  const change = (next: (current: OwnReminders) => OwnReminders) => {
    last = last.then(async () => {
      const given = next(app.reminders.of(app.tree.get(task.id) ?? task, space));
      if (space === undefined) await app.actions.change(task, { reminders: given });
      else await app.actions.online(() => app.reminders.set(task.id, space, given));
    });
  };
  const add = async (value: string) => {
    const added = value === AT ? await askForMoment() : { offset_minutes: Number(value) };
    if (added !== undefined) change((current) => [...current, added]);
    app.update();
  };
  const offsets = task.due === undefined ? {} : task.due.time === undefined ? OF_A_DAY : OF_A_TIME;
  const options = Object.entries({ ...offsets, [AT]: "At a time…" }).sort(([one], [other]) => (one === AT ? 1 : other === AT ? -1 : 0));
  return html`
    <div class="field">
      <span>Reminders</span>
      <div class="labels">
        ${reminders.map((one) => {
          const text = reminderText(one, task);
          const remove = () => change((current) => current.filter((other) => !isSame(other, one)));
          return html`<span class="chip">${text}<button aria-label=${`Remove the reminder: ${text}`} @click=${remove}>${icon("close")}</button></span>`;
        })}
        ${reminders.length >= MAX_REMINDERS ? nothing : html`
          <select aria-label="Add a reminder" .value=${live("")} @change=${(event: Event) => void add((event.target as HTMLSelectElement).value)}>
            <option value="">Remind me…</option>
            ${options.map(([value, text]) => html`<option value=${value}>${text}</option>`)}
          </select>
        `}
        ${reminders.length === 0 ? nothing : permission(app)}
      </div>
    </div>
  `;
}

/** Returns when a reminder of a task comes, in words. */
export function reminderText({ at, offset_minutes: minutes = 0 }: { at?: string; offset_minutes?: number }, { due }: Pick<Task, "due">): string {
  if (at !== undefined) return momentText(at);
  const names: Record<string, string> = due?.time === undefined ? OF_A_DAY : OF_A_TIME;
  return names[minutes] ?? `${Math.abs(minutes)} minutes ${minutes < 0 ? "before" : "after"}`;
}

/** Browsers ask for the permission after a click only. */
function permission(app: App): TemplateResult | typeof nothing {
  if (!("Notification" in window) || Notification.permission !== "default") return nothing;
  const ask = () => void Notification.requestPermission().then(() => app.update());
  return html`<button class="plain small" @click=${ask}>Notify me on this device</button>`;
}

function isSame(one: Reminder, other: Reminder): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

function askForMoment(): Promise<Reminder | undefined> {
  return openDialog<Reminder>("Remind me", (close) => {
    const submit = (event: SubmitEvent) => {
      event.preventDefault();
      const { value } = (event.target as HTMLFormElement).elements.namedItem("moment") as HTMLInputElement;
      if (value !== "") close({ at: new Date(value).toISOString() });
    };
    return html`
      <form @submit=${submit}>
        <label>At<input type="datetime-local" name="moment" required autofocus max="9998-12-31T00:00" /></label>
        <div class="buttons">
          <button type="button" @click=${() => close(undefined)}>Cancel</button>
          <button class="primary">Remind me</button>
        </div>
      </form>
    `;
  });
}
