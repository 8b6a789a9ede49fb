import { html, type TemplateResult } from "lit-html";
import { live } from "lit-html/directives/live.js";
import type { App } from "./app.js";
import type { Filters, Sort } from "./route.js";

const SORTS: Record<Sort, string> = {
  manual: "Default",
  due: "Due date",
  priority: "Priority",
  title: "Title",
  newest: "Newest first",
};
const FILTERS = {
  due: { overdue: "Overdue", today: "Today", week: "Next 7 days", none: "No due date" },
  priority: { urgent: "Urgent", high: "High", medium: "Medium", low: "Low" },
};

/** The filters and the sort order of the list, which are part of the URL. */
export function filterBar(app: App): TemplateResult {
  const { filters, sort } = app.route;
  const labels = Object.fromEntries([...app.tree.labels.keys()].map((label) => [label, label]));
  const set = (name: keyof Filters) => (value: string) => {
    const { [name]: _, ...others } = filters;
    app.go({ filters: (value === "" ? others : { ...others, [name]: value }) as Filters }, { replace: true });
  };
  const reset = () => app.go({ filters: {}, sort: "manual" }, { replace: true });
  return html`
    <section class="filters" aria-label="Filter and sort">
      ${select("Due", { "": "Any", ...FILTERS.due }, filters.due ?? "", set("due"))}
      ${select("Priority", { "": "Any", ...FILTERS.priority }, filters.priority ?? "", set("priority"))}
      ${select("Label", { "": "Any", ...labels }, filters.label ?? "", set("label"))}
      ${select("Sort by", SORTS, sort, (value) => app.go({ sort: value as Sort }, { replace: true }))}
      <button class="plain" @click=${reset}>Reset</button>
    </section>
  `;
}

export function select(
  label: string,
  options: Readonly<Record<string, string>>,
  value: string,
  set: (value: string) => void,
): TemplateResult {
  const change = (event: Event) => set((event.target as HTMLSelectElement).value);
  return html`
    <label class="field">
      <span>${label}</span>
      <select .value=${live(value)} @change=${change}>
        ${Object.entries(options).map(([key, text]) => html`<option value=${key} ?selected=${key === value}>${text}</option>`)}
      </select>
    </label>
  `;
}
