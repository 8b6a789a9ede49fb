import type { App } from "./app.js";
import { rowControl } from "./focus.js";
import { neighbour, reveal } from "./layout.js";
import { isManual } from "./rows.js";

const MOVES: Record<string, "up" | "down" | "in" | "out"> = {
  ArrowUp: "up",
  ArrowDown: "down",
  ArrowRight: "in",
  ArrowLeft: "out",
};

/** The fields with an undo of their own. */
const TEXT_FIELDS = "textarea, input:not([type=checkbox], [type=date], [type=time])";

/** The keys of the list: they act on the row that has the focus. */
export function onListKey(app: App, event: KeyboardEvent): void {
  const key = (event.target as Element).closest<HTMLElement>("[data-row]")?.dataset["row"];
  if (key === undefined || event.ctrlKey || event.metaKey || event.shiftKey) return;
  const row = app.rows.find((one) => one.key === key);
  const task = row?.type === "task" ? row.task : undefined;
  if (event.altKey) {
    const move = MOVES[event.key];
    if (move === undefined) return;
    event.preventDefault();
    if (task === undefined || task.is_completed) return;
    if (isManual(app.route)) void app.actions.move(task.id, move).then(() => reveal(app, key));
    else app.toast.show("Here the tasks are sorted: open a list to move them");
  } else if (event.key === "ArrowUp" || event.key === "ArrowDown") {
    event.preventDefault();
    focusOn(app, neighbour(key, event.key === "ArrowUp" ? -1 : 1), event.target as HTMLElement);
  } else if (event.key === "Home" || event.key === "End") {
    event.preventDefault();
    const rows = app.rows.filter(({ type }) => type !== "heading");
    focusOn(app, rows.at(event.key === "Home" ? 0 : -1)?.key, event.target as HTMLElement);
  } else if (task !== undefined && event.key === "Delete") {
    void app.actions.remove(task);
  }
}

/** The keys of the whole page, but those that an input method takes: Enter and Escape end a word there. */
export function onPageKey(app: App, event: KeyboardEvent): void {
  if (event.isComposing || document.querySelector("dialog[open]") !== null) return;
  const isTyping = (event.target as Element).matches?.(TEXT_FIELDS) === true;
  if (event.key === "Escape" && !event.defaultPrevented) close(app);
  else if ((event.ctrlKey || event.metaKey) && event.key === "z" && !isTyping && app.toast.undo()) event.preventDefault();
}

function close(app: App): void {
  if (app.isMenuOpen) app.toggle("isMenuOpen", false);
  else if (app.route.task !== undefined) app.close();
  else if (app.route.search !== "") app.go({ search: "" }, { replace: true });
}

/** Moves the focus to the same control of another row. */
function focusOn(app: App, key: string | undefined, from: HTMLElement): void {
  if (key === undefined) return;
  app.current = key;
  reveal(app, key);
  app.update();
  const focus = () => {
    const control = rowControl(key, from.dataset["control"]);
    control?.focus({ preventScroll: true });
    return control !== null;
  };
  if (!focus()) requestAnimationFrame(focus); // the row was not in the page
}
