import type { List } from "@taskward/client";
import type { App } from "./app.js";
import { ask, askForText, openDialog } from "./dialogs.js";
import { html } from "lit-html";
import { openHistory } from "./history.js";
import { openPeople } from "./people.js";
import { isSameView } from "./route.js";

/** Explains what sharing a list means, and moves it into a new space. */
export async function shareList(app: App, list: List): Promise<void> {
  const { own } = app.stores;
  const { view } = app.route;
  const count = app.tree.tasks.filter(({ list_id }) => list_id === list.id).length;
  const what = count === 0 ? "The list moves" : `The list and its ${count === 1 ? "task" : `${count} tasks`} move`;
  const text = `${what} into a space of its own. Everybody whom you invite sees all that is in the space. Your reminders stay yours.`;
  if ((await ask(`Share “${list.title}”?`, text, [["share", "Share", "primary"]])) === undefined) return;
  if (own.pending > 0) return app.toast.error("Some changes are not sent yet: share the list once they are");
  await app.actions.online(async () => {
    const { account } = app;
    const { space } = await account.spaces.create({ title: list.title });
    try {
      await account.move({ from: null, to: space.id, list: list.id });
    } catch (error) {
      await account.spaces.delete(space.id).catch(() => undefined); // it is empty
      throw error;
    }
    if (!isSameView(app.route.view, view)) return; // the user is doing something else by now
    app.show({ name: "list", id: list.id, space: space.id });
    void openPeople(app, space.id, space.title);
  });
}

/** What can be done with the space that is shown. */
export async function openSpaceMenu(app: App, space: string, title: string): Promise<void> {
  const isOwner = app.store.role === "owner";
  const chosen = await openDialog<"people" | "activity" | "rename" | "leave" | "delete">(title, (close) => html`
    <div class="choices">
      <button @click=${() => close("people")} autofocus>People</button>
      <button @click=${() => close("activity")}>Activity</button>
      ${isOwner ? html`<button @click=${() => close("rename")}>Rename</button>` : ""}
      <button class="danger" @click=${() => close("leave")}>Leave</button>
      ${isOwner ? html`<button class="danger" @click=${() => close("delete")}>Delete for everybody</button>` : ""}
    </div>
    <div class="buttons"><button @click=${() => close(undefined)}>Cancel</button></div>
  `);
  if (chosen === "people") await openPeople(app, space, title);
  else if (chosen === "activity") await openHistory(app, space, title);
  else if (chosen === "rename") await renameSpace(app, space, title);
  else if (chosen === "leave") await leaveSpace(app, space, title);
  else if (chosen === "delete") await deleteSpace(app, space, title);
}

async function renameSpace(app: App, space: string, before: string): Promise<void> {
  const title = await askForText("Rename space", "Name", { value: before });
  if (title !== undefined && title !== before) await app.actions.online(() => app.account.spaces.update(space, { title }));
}

async function leaveSpace(app: App, space: string, title: string): Promise<void> {
  const text = "Its tasks are deleted from this device, and stay for the others.";
  if ((await ask(`Leave “${title}”?`, text, [["leave", "Leave", "danger"]])) === undefined) return;
  await app.actions.online(async () => {
    await app.account.space(space).members.remove("me");
    if (app.route.view.space === space) app.show({ name: "inbox" });
  });
}

async function deleteSpace(app: App, space: string, title: string): Promise<void> {
  const text = "All its tasks and lists are deleted, for everybody, and cannot be restored.";
  if ((await ask(`Delete “${title}”?`, text, [["delete", "Delete for everybody", "danger"]])) === undefined) return;
  await app.actions.online(async () => {
    await app.account.spaces.delete(space, { tasks: "delete" });
    if (app.route.view.space === space) app.show({ name: "inbox" });
  });
}
