import type { List } from "@taskward/client";
import { html, nothing, type TemplateResult } from "lit-html";
import { repeat } from "lit-html/directives/repeat.js";
import type { App } from "./app.js";
import { askForText } from "./dialogs.js";
import { icon, type Icon } from "./icons.js";
import { isSameView, viewLink, type View } from "./route.js";
import { openSignInDialog, signOut } from "./sign-in.js";

const VIEWS: readonly (readonly [name: "today" | "upcoming" | "inbox" | "all", text: string])[] = [
  ["inbox", "Inbox"],
  ["today", "Today"],
  ["upcoming", "Upcoming"],
  ["all", "All tasks"],
];

/** The views, lists and labels, and whether the service can be reached. */
export function sidebar(app: App, isInert: boolean): TemplateResult {
  const { lists, labels } = app.tree;
  const shown = lists.filter(({ is_archived }) => !is_archived);
  const archived = lists.filter(({ is_archived }) => is_archived);
  return html`
    <nav class="sidebar" aria-label="Lists and views" ?inert=${isInert}>
      <ul>
        ${VIEWS.map(([name, text]) => entry(app, { name }, name, text))}
      </ul>
      <div class="section">
        <h2>Lists</h2>
        <button class="icon-button" aria-label="Add a list" @click=${() => void addList(app)}>${icon("plus")}</button>
      </div>
      <ul>${listEntries(app, shown)}</ul>
      ${archived.length === 0 ? nothing : html`<details><summary>Archived</summary><ul>${listEntries(app, archived)}</ul></details>`}
      ${labels.size === 0 ? nothing : html`
        <div class="section"><h2>Labels</h2></div>
        <ul>${repeat(labels.keys(), (label) => label, (label) => entry(app, { name: "label", label }, "label", label))}</ul>
      `}
      <ul class="apart">${entry(app, { name: "trash" }, "trash", "Trash")}</ul>
      ${status(app)}
    </nav>
  `;
}

function listEntries(app: App, lists: List[]) {
  return repeat(lists, ({ id }) => id, ({ id, title }) => entry(app, { name: "list", id }, "list", title));
}

function entry(app: App, view: View, iconName: Icon, text: string): TemplateResult {
  const { route, tree } = app;
  const isCurrent = route.search === "" && isSameView(route.view, view);
  const count = view.name === "label" ? (tree.labels.get(view.label) ?? 0) : app.count(view);
  const open = (event: MouseEvent) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return; // another tab or window
    event.preventDefault();
    app.show(view);
  };
  const drop = view.name === "list" ? view.id : view.name === "inbox" ? "" : undefined;
  return html`
    <li>
      <a href=${viewLink(view)} aria-current=${isCurrent ? "page" : "false"} data-drop=${drop ?? nothing} @click=${open}>
        ${icon(iconName)}<span class="text">${text}</span>
        ${count === 0 ? nothing : html`<span class="count">${count}<span class="visually-hidden"> open</span></span>`}
      </a>
    </li>
  `;
}

async function addList(app: App): Promise<void> {
  const title = await askForText("New list", "Name", { action: "Add list" });
  if (title !== undefined) await app.actions.addList(title);
}

function status(app: App): TemplateResult {
  const { state, pending } = app.store;
  const waiting = pending === 0 ? "" : ` · ${pending} ${pending === 1 ? "change" : "changes"} to send`;
  const texts: Record<typeof state, string> = {
    live: "Up to date",
    connecting: "Connecting",
    stopped: "Connecting",
    offline: "Offline",
    unauthorized: "Signed out",
    "other-user": "The tasks on this device are of another user",
    removed: "Not in this space any more",
  };
  const text = state === "live" && pending > 0 ? "Sending" : texts[state];
  return html`
    <div class="status">
      <p data-state=${state} role="status">${text}${state === "live" ? "" : waiting}</p>
      ${state === "unauthorized" || (state === "other-user" && !app.session.isDevelopment) ? html`<button class="plain" @click=${() => openSignInDialog(app)}>Sign in</button>` : nothing}
      <button class="plain" @click=${() => void signOut(app)}>${app.session.isDevelopment ? "Clear this device" : "Sign out"}</button>
    </div>
  `;
}
