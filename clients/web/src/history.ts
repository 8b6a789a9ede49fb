import type { ActivityPage } from "@taskward/client";
import { html, nothing, type TemplateResult } from "lit-html";
import { repeat } from "lit-html/directives/repeat.js";
import type { App } from "./app.js";
import { momentText } from "./dates.js";
import { openDialog } from "./dialogs.js";
import { nameOf } from "./people.js";

type Entry = ActivityPage["activity"][number];

const FIELDS: Record<string, string> = {
  is_completed: "completion",
  completed_at: "completion",
  assigned_to: "assignee",
  list_id: "list",
  parent_id: "parent",
};

/** Shows what members did in a space, or with one of its tasks, newest first. It needs the network. */
export async function openHistory(app: App, space: string, title: string, task?: string): Promise<void> {
  const client = app.account.space(space);
  const entries: Entry[] = [];
  let cursor: string | null | undefined;
  let show = () => {};
  const read = async () => {
    const page = await client.activity({ ...(task !== undefined && { task_id: task }), ...(cursor && { cursor }) });
    entries.push(...page.activity);
    cursor = page.next_cursor;
    show();
  };
  const more = () => void app.actions.online(read);
  const shown = openDialog<"done">(`Activity in ${title}`, (close, update) => {
    show = update;
    return html`
      ${cursor === null && entries.length === 0 ? html`<p class="hint">There is none yet.</p>` : nothing}
      <ul class="history">${repeat(entries, ({ id }) => id, (entry) => row(app, space, entry))}</ul>
      <div class="buttons">
        ${cursor ? html`<button @click=${more}>Show more</button>` : nothing}
        <button @click=${() => close("done")} autofocus>Done</button>
      </div>
    `;
  });
  more();
  await shown;
}

function row(app: App, space: string, entry: Entry): TemplateResult {
  const via = entry.via === undefined || entry.via === null ? "" : `, by ${entry.via === "token" ? "an access token" : "the app"}`;
  return html`<li>${nameOfMember(app, space, entry.actor_id)} ${textOf(app, space, entry)}<p class="hint">${momentText(entry.at)}${via}</p></li>`;
}

/** Returns what was done, in words: “completed “Milk””. */
function textOf(app: App, space: string, entry: Entry): string {
  const { action, fields } = entry;
  if (action === "commented") return `commented on ${objectOf(app, space, entry)}`;
  if (action === "joined" || action === "left") return `${action} the space`;
  if (action === "renamed") return "changed their name";
  if (action === "removed" || action === "role_changed") {
    const member = nameOfMember(app, space, entry.member_id);
    return action === "removed" ? `removed ${member}` : `changed the role of ${member}`;
  }
  const done = { trashed: "put into the trash", moved_in: "moved here", moved_out: "moved out of the space" }[action as string] ?? action;
  const names = [...new Set((fields ?? []).map((name) => FIELDS[name] ?? name))];
  const what = action === "updated" && names.length > 0 ? ` (${names.join(", ")})` : "";
  return `${done} ${objectOf(app, space, entry)}${what}`;
}

function objectOf(app: App, space: string, { task_id, list_id, comment_id, count }: Entry): string {
  const tree = app.treeOf(space);
  const tasks = count === undefined || count === null ? "" : `${count} ${count === 1 ? "task" : "tasks"}`;
  if (list_id) return `${named("list", tree.list(list_id)?.title)}${tasks && ` with ${tasks}`}`;
  if (task_id) return named("task", tree.get(task_id)?.title);
  if (comment_id) return "a comment";
  return tasks === "" ? "something" : tasks;
}

function named(kind: string, title: string | undefined): string {
  return title === undefined ? `a ${kind} that is gone` : `“${title}”`;
}

function nameOfMember(app: App, space: string, id: string | null | undefined): string {
  return nameOf(app.stores.spaces.get(space)?.members.find((member) => member.id === id));
}
