import type { List } from "@taskward/client";
import { html, nothing, type TemplateResult } from "lit-html";
import { repeat } from "lit-html/directives/repeat.js";
import { quickAddSetting } from "./add-field.js";
import type { App } from "./app.js";
import { askForText } from "./dialogs.js";
import { icon, type Icon } from "./icons.js";
import { isSameView, viewLink, type View } from "./route.js";
import { secondUserLink } from "./session.js";
import { openSignInDialog, signOut } from "./sign-in.js";

const VIEWS: readonly (readonly [name: "today" | "upcoming" | "inbox" | "all", text: string])[] = [
  ["inbox", "Inbox"],
  ["today", "Today"],
  ["upcoming", "Upcoming"],
  ["all", "All tasks"],
];

/** The views, lists and labels, and whether the service can be reached. */
export function sidebar(app: App, isInert: boolean): TemplateResult {
  const { lists, labels } = app.treeOf(undefined);
  const shown = lists.filter(({ is_archived }) => !is_archived);
  const archived = lists.filter(({ is_archived }) => is_archived);
  return html`
    <nav class="sidebar" aria-label="Lists and views" ?inert=${isInert}>
      <ul>
        ${VIEWS.map(([name, text]) => entry(app, { name }, name, text))}
      </ul>
      <div class="section">
        <h2>Lists</h2>
        <button class="icon-button" aria-label="Add a list" @click=${() => void addOwnList(app)}>${icon("plus")}</button>
      </div>
      <ul>${listEntries(app, shown)}</ul>
      ${spaces(app)}
      ${archived.length === 0 ? nothing : html`<details><summary>Archived</summary><ul>${listEntries(app, archived)}</ul></details>`}
      ${labels.size === 0 ? nothing : html`
        <div class="section"><h2>Labels</h2></div>
        <ul>${repeat(labels.keys(), (label) => label, (label) => entry(app, { name: "label", label }, "label", label))}</ul>
      `}
      <ul class="apart">${entry(app, { name: "trash" }, "trash", "Trash")}</ul>
      ${quickAddSetting(app)} ${status(app)}
    </nav>
  `;
}

/** The spaces; below the one that is shown are its lists and its trash. */
function spaces(app: App): TemplateResult | typeof nothing {
  const all = [...app.stores.spaces];
  if (all.length === 0) return nothing;
  return html`
    <div class="section"><h2>Shared</h2></div>
    <ul>${repeat(all, ([id]) => id, ([id, store]) => html`
      ${entry(app, { name: "all", space: id }, "people", store.space?.title ?? "Space")}
      ${app.route.view.space === id ? inSpace(app, id) : nothing}
    `)}</ul>
  `;
}

function inSpace(app: App, space: string): TemplateResult {
  const lists = app.treeOf(space).lists.filter(({ is_archived }) => !is_archived);
  return html`
    <li><ul class="within">
      ${listEntries(app, lists, space)}
      ${entry(app, { name: "trash", space }, "trash", "Trash")}
      ${app.canWrite ? html`<li><button class="plain" @click=${() => void addList(app)}>${icon("plus")}Add a list here</button></li>` : nothing}
    </ul></li>
  `;
}

function listEntries(app: App, lists: List[], space?: string) {
  const owner = space === undefined ? {} : { space };
  return repeat(lists, ({ id }) => id, ({ id, title }) => entry(app, { name: "list", id, ...owner }, "list", title));
}

function entry(app: App, view: View, iconName: Icon, text: string): TemplateResult {
  const { route } = app;
  const tree = app.treeOf(view.space);
  const isCurrent = route.search === "" && isSameView(route.view, view);
  const count = view.name === "label" ? (tree.labels.get(view.label) ?? 0) : app.count(view);
  const open = (event: MouseEvent) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return; // another tab or window
    event.preventDefault();
    app.show(view);
  };
  const isDropped = view.space === route.view.space;
  const drop = !isDropped ? undefined : view.name === "list" ? view.id : view.name === "inbox" ? "" : undefined;
  return html`
    <li>
      <a href=${viewLink(view)} aria-current=${isCurrent ? "page" : "false"} data-drop=${drop ?? nothing} @click=${open}>
        ${icon(iconName)}<span class="text">${text}</span>
        ${count === 0 ? nothing : html`<span class="count">${count}<span class="visually-hidden"> open</span></span>`}
      </a>
    </li>
  `;
}

/** In development, without an identity provider, sharing can be tried with a second user in the same browser. */
function secondUser(app: App): TemplateResult | typeof nothing {
  const link = app.session.isDevelopment ? secondUserLink() : undefined;
  if (link === undefined) return nothing;
  return html`<a class="plain" href=${link} target="_blank" rel="noopener">Open as another user</a>`;
}

async function addOwnList(app: App): Promise<void> {
  if (app.route.view.space !== undefined) app.show({ name: "inbox" });
  await addList(app);
}

async function addList(app: App): Promise<void> {
  const { store } = app;
  const title = await askForText("New list", "Name", { action: "Add list" });
  if (title !== undefined) await app.actions.addList(store, title);
}

function status(app: App): TemplateResult {
  const { state } = app.stores.own;
  const pending = [...app.allStores.values()].reduce((sum, store) => sum + store.pending, 0);
  const waiting = pending === 0 ? "" : ` · ${pending} ${pending === 1 ? "change" : "changes"} to send`;
  const texts: Record<typeof state, string> = {
    live: "Up to date",
    connecting: "Connecting",
    stopped: "Connecting",
    offline: "Offline",
    unauthorized: "Signed out",
    "other-user": "The tasks on this device belong to another user",
    removed: "Not in this space any more",
  };
  const text = state === "live" && pending > 0 ? "Sending" : texts[state];
  return html`
    <div class="status">
      <p data-state=${state} role="status">${text}${state === "live" ? "" : waiting}</p>
      ${state === "unauthorized" || (state === "other-user" && !app.session.isDevelopment) ? html`<button class="plain" @click=${() => openSignInDialog(app)}>Sign in</button>` : nothing}
      <button class="plain" @click=${() => void signOut(app)}>${app.session.isDevelopment ? "Clear this device" : "Sign out"}</button>
      ${secondUser(app)}
    </div>
  `;
}
