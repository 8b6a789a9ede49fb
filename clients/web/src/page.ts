import { html, nothing, type TemplateResult } from "lit-html";
import { live } from "lit-html/directives/live.js";
import { addField } from "./add-field.js";
import type { App } from "./app.js";
import { conflictBanner } from "./conflicts.js";
import { detailsPanel } from "./details.js";
import { filterBar } from "./filters.js";
import { icon } from "./icons.js";
import { listMenu } from "./menus.js";
import type { Route } from "./route.js";
import { sidebar } from "./sidebar.js";
import { taskList } from "./task-list.js";
import { trashPage } from "./trash-page.js";
import { longDay } from "./dates.js";

const NARROW = matchMedia("(max-width: 899px)");

/** The whole page. */
export function page(app: App): TemplateResult {
  const { details } = app;
  const isCovered = NARROW.matches && details !== undefined;
  document.title = `${titleOf(app)} · Taskward`;
  return html`
    <div class="app" data-state=${app.store.state} ?data-menu=${app.isMenuOpen} ?data-details=${details !== undefined}>
      ${sidebar(app, isCovered || (NARROW.matches && !app.isMenuOpen))}
      <div class="shade" @click=${() => app.toggle("isMenuOpen", false)}></div>
      <main ?inert=${isCovered || (NARROW.matches && app.isMenuOpen)}>
        ${header(app)} ${conflictBanner(app)} ${content(app)}
      </main>
      ${details === undefined ? nothing : detailsPanel(app, details)}
      <div class="messages" role="status">${app.toast.template()}</div>
    </div>
  `;
}

function content(app: App) {
  if (isTrash(app.route) && app.isHere) return trashPage(app);
  const list = html`${app.areFiltersOpen ? filterBar(app) : nothing} ${taskList(app)}`;
  return html`${notice(app)} ${list} ${app.route.search === "" && app.canWrite ? addField(app) : nothing}`;
}

/** Says why nothing in a space can be changed. */
function notice(app: App): TemplateResult | typeof nothing {
  if (app.canWrite) return nothing;
  return html`<div class="banner" role="status">${icon("people")}<span>${reason(app)}</span></div>`;
}

function reason({ isHere, store }: App): string {
  if (!isHere) return "This space is not on this device: it is being loaded, or you are not in it.";
  return store.state === "removed" ? "You are not in this space any more." : "You can view this space, but not change it.";
}

/** Returns whether the trash is shown. A search covers the tasks alone. */
function isTrash({ view, search }: Route): boolean {
  return view.name === "trash" && search === "";
}

export function titleOf({ route: { view, search }, tree, store }: App): string {
  if (search !== "") return "Search";
  if (view.name === "all" && view.space !== undefined) return store.space?.title ?? "Space";
  if (view.name === "list") return tree.list(view.id)?.title ?? "List";
  if (view.name === "label") return view.label;
  return { today: "Today", upcoming: "Upcoming", inbox: "Inbox", all: "All tasks", trash: "Trash" }[view.name];
}

function header(app: App): TemplateResult {
  const { route } = app;
  const search = (event: InputEvent) => app.go({ search: (event.target as HTMLInputElement).value }, { replace: true });
  return html`
    <header>
      <button class="icon-button menu-button" aria-label="Lists and views" aria-expanded=${app.isMenuOpen}
        @click=${() => app.toggle("isMenuOpen")}>${icon("menu")}</button>
      <div class="heading">
        <h1>${titleOf(app)}</h1>
        ${route.view.name === "today" && route.search === "" ? html`<p>${longDay(app.now.day)}</p>` : nothing}
      </div>
      <label class="search">
        ${icon("search")}<span class="visually-hidden">Search all tasks</span>
        <input type="search" placeholder="Search" .value=${live(route.search)} @input=${search} />
      </label>
      ${isTrash(route) ? nothing : filterButton(app)} ${listMenu(app)}
    </header>
  `;
}

function filterButton(app: App): TemplateResult {
  const { filters, sort } = app.route;
  const filtered = Object.keys(filters).length + (sort === "manual" ? 0 : 1);
  return html`
    <button class="icon-button ${filtered > 0 ? "active" : ""}" aria-expanded=${app.areFiltersOpen}
      aria-label=${filtered > 0 ? `Filter and sort (${filtered} set)` : "Filter and sort"}
      @click=${() => app.toggle("areFiltersOpen")}>${icon("filter")}</button>
  `;
}
