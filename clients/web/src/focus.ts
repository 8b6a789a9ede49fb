/**
 * Renders, and restores the focus of the row that had it: an element that moves within the page loses the focus. If the
 * row is not there any more, the same control of the row `current` gets it, or what is shown without rows.
 */
export function restoringFocus(render: () => void, current: () => string | undefined): void {
  const focused = document.activeElement;
  const row = focused?.closest<HTMLElement>("[data-row]")?.dataset["row"];
  const control = focused instanceof HTMLElement ? focused.dataset["control"] : undefined;
  render();
  if (row === undefined || document.activeElement !== document.body) return;
  const next = rowControl(row, control) ?? rowControl(current() ?? "", control) ?? document.querySelector<HTMLElement>(".empty");
  next?.focus({ preventScroll: true });
}

/** Returns a control of a row, or its title if it has no such control; null if the row is not in the page. */
export function rowControl(key: string, control = "title"): HTMLElement | null {
  const row = document.querySelector(`[data-row="${CSS.escape(key)}"]`);
  const find = (name: string) => row?.querySelector<HTMLElement>(`[data-control="${name}"]`) ?? null;
  return find(control) ?? find("title");
}
