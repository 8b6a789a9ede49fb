import type { Task } from "@taskward/client";
import type { Conflict, Store } from "@taskward/client/store";
import { html, nothing, type TemplateResult } from "lit-html";
import { mayWrite, type App } from "./app.js";
import { dateText } from "./dates.js";
import { openDialog } from "./dialogs.js";
import { icon } from "./icons.js";
import { nameOf } from "./people.js";
import { ruleText } from "./recurrence.js";
import { reminderText } from "./reminder-fields.js";
import { isRefusal } from "./trash.js";

type Answer = "mine" | "theirs" | "again" | "there" | "private" | "permanently";

/** Returns a message that changes of this device, in any space, were not executed; it is shown until each is decided about. */
export function conflictBanner(app: App): TemplateResult | typeof nothing {
  const length = [...app.allStores.values()].reduce((sum, { conflicts }) => sum + conflicts.length, 0);
  if (length === 0) return nothing;
  const text = length === 1 ? "One of your changes was not saved" : `${length} of your changes were not saved`;
  return html`
    <div class="banner" role="alert">
      ${icon("warning")}<span>${text}</span>
      <button @click=${() => void decide(app)}>Decide</button>
    </div>
  `;
}

async function decide(app: App): Promise<void> {
  for (const [space, store] of app.allStores) if (!(await decideIn(app, space, store))) return;
}

/** Asks about each conflict of a store; returns whether all are decided about. */
async function decideIn(app: App, space: string | undefined, store: Store): Promise<boolean> {
  for (let next = store.conflicts[0]; next !== undefined; next = store.conflicts[0]) {
    const conflict = next;
    const there = app.stores.movedTo(conflict);
    const answer = await openDialog<Answer>(titleOf(conflict), (close) => html`
      <p>${there === undefined ? explanation(conflict) : whereabouts(conflict, store, there)}</p>
      ${store.space === undefined ? nothing : html`<p class="hint">In ${store.space.title}</p>`}
      ${comparison(app, space, conflict)}
      <div class="buttons">
        <button @click=${() => close(undefined)}>Later</button>
        <button @click=${() => close("theirs")}>${discardText(conflict)}</button>
        ${mineChoice(conflict, store, there, close)}
      </div>
    `);
    if (answer === undefined || !(await carryOut(app, there ?? store, conflict, answer))) return false;
    const keep = answer === "mine" ? "mine" : "theirs";
    if (!(await app.actions.online(() => store.resolve(conflict, keep)))) return false;
  }
  // Of a space that the user is not in any more nothing is left to show.
  if (store.state === "removed" && app.route.view.space === space) app.show({ name: "inbox" });
  return true;
}

/** Does in a store what a conflict that ends is to leave; returns whether that was done. If not, its values are not to be lost. */
async function carryOut({ actions }: App, store: Store, conflict: Conflict, answer: Answer): Promise<boolean> {
  const mine = conflict.mine as Task;
  if (answer === "permanently") return await actions.removeInstead(conflict, store);
  if (answer === "again") return await actions.createAgain(mine, store);
  if (answer === "there") return await actions.changeThere(conflict, store);
  return answer !== "private" || (await actions.createPrivately(mine));
}

function ownerOf({ space }: Store): string {
  return space?.title ?? "your own tasks";
}

function titleOf({ mine, current, write }: Conflict): string {
  return `“${(current?.value ?? mine ?? write.before)?.title ?? "Untitled"}”`;
}

function discardText(conflict: Conflict): string {
  if (isRefusal(conflict)) return "Keep it";
  return conflict.current ? "Keep theirs" : "Discard mine";
}

/** Says how what was gone when the change arrived came to be where it is now. */
function whereabouts({ write }: Conflict, store: Store, there: Store): string {
  if (there === store) return `Another device deleted this ${write.kind} and brought it back, before your change arrived.`;
  return `It was moved to ${ownerOf(there)}, before your change arrived.`;
}

function explanation(conflict: Conflict): string {
  const { reason, write, error } = conflict;
  if (isRefusal(conflict)) return `The service has no trash, so this ${write.kind} was not deleted.`;
  if (reason === "removed") return "You are not in this space any more, so your change was not sent.";
  if (reason === "role") return "Your role in this space does not allow changes any more.";
  if (reason === "gone") return `Another device deleted this ${write.kind}, while you changed it here.`;
  if (reason === "changed" && write.op === "delete") return `You deleted this ${write.kind}, while another device changed it.`;
  if (reason === "changed") return "Another device changed the same fields, before your change arrived.";
  const details = error.details.map(({ message }) => message).join(". ");
  return `The service refused the change: ${details === "" ? error.message : details}.`;
}

/** Returns the button that keeps the change: in the store of the object only for those who may write there. */
function mineChoice(conflict: Conflict, store: Store, there: Store | undefined, close: (answer: Answer) => void) {
  const { reason, write, mine } = conflict;
  const isTask = write.kind === "task" && mine !== undefined;
  if (reason === "removed" || !mayWrite(there ?? store)) {
    return isTask ? html`<button class="primary" @click=${() => close("private")}>Keep it in your own tasks</button>` : nothing;
  }
  if (there !== undefined) {
    return html`<button class="primary" @click=${() => close("there")}>Change it${there === store ? "" : ` in ${ownerOf(there)}`}</button>`;
  }
  if (isRefusal(conflict)) return html`<button class="danger" @click=${() => close("permanently")}>Delete permanently</button>`;
  if (reason !== "gone") {
    const text = reason === "rejected" ? "Try again" : write.op === "delete" ? "Delete it" : "Keep mine";
    return html`<button class="primary" @click=${() => close("mine")}>${text}</button>`;
  }
  return isTask ? html`<button class="primary" @click=${() => close("again")}>Keep it as a new task</button>` : nothing;
}

/** Returns a table of the changed fields, with the values of this device and of the other one. */
function comparison(app: App, space: string | undefined, { write, mine, current }: Conflict): TemplateResult | typeof nothing {
  const names = Object.keys(write.base).filter((name) => name in LABELS);
  if (names.length === 0) return nothing;
  const cells = (value: object | undefined) => (name: string) =>
    value === undefined ? nothing : html`<td>${textOf(app, space, name, value as Partial<Task> & Record<string, unknown>)}</td>`;
  return html`
    <table>
      <thead><tr><td></td><th scope="col">Yours</th>${current ? html`<th scope="col">Theirs</th>` : nothing}</tr></thead>
      <tbody>
        ${names.map((name) => html`
          <tr><th scope="row">${LABELS[name]}</th>${cells(mine)(name)}${cells(current?.value)(name)}</tr>
        `)}
      </tbody>
    </table>
  `;
}

const LABELS: Record<string, string> = {
  title: "Title",
  description: "Description",
  is_completed: "Completed",
  due: "Due",
  start: "Starts",
  priority: "Priority",
  labels: "Labels",
  list_id: "List",
  parent_id: "Part of",
  position: "Place",
  recurrence: "Repeats",
  reminders: "Reminders",
  assigned_to: "Assigned to",
  is_archived: "Archived",
};

function textOf(app: App, space: string | undefined, name: string, given: Partial<Task> & Record<string, unknown>): string {
  const value = given[name];
  if (value === null || value === undefined) return "None";
  if (name === "reminders") return (given.reminders ?? []).map((one) => reminderText(one, given)).join(", ");
  if (name === "assigned_to") return nameOf(app.allStores.get(space)?.members.find(({ id }) => id === value));
  if (typeof value === "boolean") return value ? "Yes" : "No";
  if (Array.isArray(value)) return value.join(", ");
  if (typeof value === "object" && "date" in value) return dateText(value as NonNullable<Task["due"]>, app.now);
  if (typeof value === "object" && "rule" in value) return ruleText(value as NonNullable<Task["recurrence"]>);
  const text = String(value);
  const tree = app.treeOf(space);
  return tree.list(text)?.title ?? tree.get(text)?.title ?? text;
}
