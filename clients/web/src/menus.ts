import type { List } from "@taskward/client";
import { html, nothing, type TemplateResult } from "lit-html";
import type { App } from "./app.js";
import { ask, askForText, openDialog } from "./dialogs.js";
import { icon } from "./icons.js";
import type { LabelView } from "./route.js";
import { openSpaceMenu, shareList } from "./sharing.js";

/** What can be done with the list or the label that is shown. */
export function listMenu(app: App): TemplateResult | typeof nothing {
  const { view, search } = app.route;
  if (search !== "" || !app.isHere) return nothing;
  const { space } = view;
  if (space !== undefined && (view.name === "all" || app.store.state === "removed")) {
    const title = app.store.space?.title ?? "Space";
    return menuButton(`Space ${title}`, () => void openSpaceMenu(app, space, title));
  }
  if (!app.canWrite) return nothing;
  const list = view.name === "list" ? app.tree.list(view.id) : undefined;
  if (list !== undefined) return menuButton(`List ${list.title}`, () => void openListMenu(app, list));
  if (view.name === "label") return menuButton(`Label ${view.label}`, () => void openLabelMenu(app, view));
  return nothing;
}

function menuButton(label: string, open: () => void): TemplateResult {
  return html`<button class="icon-button" aria-label=${label} aria-haspopup="dialog" @click=${open}>${icon("more")}</button>`;
}

async function openListMenu(app: App, list: List): Promise<void> {
  const archive = list.is_archived ? "Bring back" : "Archive";
  const chosen = await openDialog<"share" | "rename" | "up" | "down" | "archive" | "delete">(list.title, (close) => html`
    <div class="choices">
      <button @click=${() => close("rename")} autofocus>Rename</button>
      ${app.route.view.space === undefined ? html`<button @click=${() => close("share")}>Share</button>` : nothing}
      <button @click=${() => close("up")}>Move up</button>
      <button @click=${() => close("down")}>Move down</button>
      <button @click=${() => close("archive")}>${archive}</button>
      <button class="danger" @click=${() => close("delete")}>Delete</button>
    </div>
    <div class="buttons"><button @click=${() => close(undefined)}>Cancel</button></div>
  `);
  if (chosen === "rename") await renameList(app, list);
  else if (chosen === "share") await shareList(app, list);
  else if (chosen === "up" || chosen === "down") await app.actions.moveList(list, chosen === "up" ? -1 : 1);
  else if (chosen === "archive") await app.actions.changeList(list, { is_archived: !list.is_archived });
  else if (chosen === "delete") await deleteList(app, list);
}

async function renameList(app: App, list: List): Promise<void> {
  const title = await askForText("Rename list", "Name", { value: list.title });
  if (title !== undefined && title !== list.title) await app.actions.changeList(list, { title });
}

/** Asks what becomes of the tasks, and deletes the list. */
async function deleteList(app: App, list: List): Promise<void> {
  const count = app.tree.tasks.filter(({ list_id }) => list_id === list.id).length;
  const answer =
    count === 0
      ? await ask(`Delete “${list.title}”?`, "It is empty.", [["keep", "Delete", "danger"]])
      : await ask(`Delete “${list.title}”?`, `It has ${count === 1 ? "one task" : `${count} tasks`}.`, [
          ["delete", app.trash.isOff ? "Delete the tasks too" : "Put the tasks into the trash", "danger"],
          ["keep", "Move them to the inbox"],
        ]);
  if (answer !== undefined) await app.actions.removeList(list, answer);
}

async function openLabelMenu(app: App, view: LabelView): Promise<void> {
  const { client } = app;
  const { label } = view;
  const chosen = await ask(label, "A change of a label changes all tasks that have it.", [
    ["remove", "Remove it", "danger"],
    ["rename", "Rename it"],
  ]);
  if (chosen === "remove") await app.actions.removeLabel(client, view);
  if (chosen !== "rename") return;
  const name = await askForText("Rename label", "Name", { value: label, maxLength: 50 });
  if (name !== undefined && name !== label) await app.actions.renameLabel(client, view, name);
}
