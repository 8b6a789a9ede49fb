import { html, nothing, render, type TemplateResult } from "lit-html";

type Choice<Value extends string> = readonly [value: Value, text: string, kind?: "danger" | "primary"];

/** Whether a dialog stays when something else is shown, because it is not about what is shown. */
interface Staying {
  stays?: boolean;
}

/** Asks a question; returns the answer, or undefined if it was cancelled. */
export function ask<Value extends string>(
  title: string,
  text: string,
  choices: readonly Choice<Value>[],
  staying: Staying = {},
): Promise<Value | undefined> {
  const content = (close: (answer: Value | undefined) => void) => html`
    <p>${text}</p>
    <div class="buttons">
      <button @click=${() => close(undefined)}>Cancel</button>
      ${choices.map(([value, label, kind = ""]) => html`<button class=${kind} @click=${() => close(value)}>${label}</button>`)}
    </div>
  `;
  return openDialog(title, content, staying);
}

/** Asks for a text; returns it, or undefined if it was cancelled. */
export function askForText(
  title: string,
  label: string,
  { value = "", hint, action = "Save", maxLength = 200 }: { value?: string; hint?: string; action?: string; maxLength?: number } = {},
): Promise<string | undefined> {
  return openDialog<string>(title, (close) => {
    const submit = (event: SubmitEvent) => {
      event.preventDefault();
      const { value: given } = (event.target as HTMLFormElement).elements.namedItem("text") as HTMLInputElement;
      if (given.trim() !== "") close(given.trim());
    };
    return html`
      <form @submit=${submit}>
        <label>${label}<input name="text" .value=${value} maxlength=${maxLength} autocomplete="off" required autofocus /></label>
        ${hint === undefined ? nothing : html`<p class="hint">${hint}</p>`}
        <div class="buttons">
          <button type="button" @click=${() => close(undefined)}>Cancel</button>
          <button class="primary">${action}</button>
        </div>
      </form>
    `;
  });
}

/** Shows a message in the dialog that was opened last, if one is: what is outside of it is covered, and not announced. */
export function showInDialog(message: TemplateResult): void {
  const messages = [...document.querySelectorAll<HTMLElement>("dialog[open] .messages")].at(-1);
  if (messages !== undefined) render(message, messages);
}

/** Closes the dialogs as Escape does, because something else is shown than what they are about; those that stay are left. */
export function closeDialogs(): void {
  for (const dialog of document.querySelectorAll<HTMLDialogElement>("dialog:not([data-stays])")) dialog.close();
}

/**
 * Shows a dialog until it is closed: by what `content` shows, by Escape, or when something else is shown. `update` shows
 * the content anew.
 */
export function openDialog<Result>(
  title: string,
  content: (close: (result: Result | undefined) => void, update: () => void) => TemplateResult,
  { stays = false }: Staying = {},
): Promise<Result | undefined> {
  return new Promise((resolve) => {
    const dialog = document.createElement("dialog");
    dialog.setAttribute("aria-labelledby", "dialog-title");
    dialog.toggleAttribute("data-stays", stays);
    let result: Result | undefined;
    const end = () => {
      dialog.remove();
      resolve(result);
    };
    const close = (given: Result | undefined) => {
      result = given;
      dialog.close();
      end(); // the event comes later, and the next dialog may be there by then
    };
    dialog.addEventListener("close", end);
    const messages = html`<div class="messages" role="status"></div>`;
    const update = () => render(html`<h2 id="dialog-title">${title}</h2>${content(close, update)}${messages}`, dialog);
    update();
    document.body.append(dialog);
    dialog.showModal();
  });
}
