/**
 * Renders, and gives the focus back to the row that had it: an element that moves within the page loses it.
 */
export function restoringFocus(render: () => void): void {
  const focused = document.activeElement;
  const row = focused?.closest<HTMLElement>("[data-row]");
  const control = focused instanceof HTMLElement ? focused.dataset["control"] : undefined;
  render();
  if (row === null || row === undefined || control === undefined || document.activeElement === focused) return;
  if (document.activeElement === document.body) focusRow(row.dataset["row"] ?? "", control);
}

/** Moves the focus to a control of a row, if the row is rendered. Returns whether it is. */
export function focusRow(key: string, control = "title"): boolean {
  const row = document.querySelector(`[data-row="${CSS.escape(key)}"]`);
  const target = row?.querySelector<HTMLElement>(`[data-control="${control}"]`) ?? row?.querySelector<HTMLElement>("[data-control]");
  target?.focus({ preventScroll: true });
  return target !== null && target !== undefined;
}
