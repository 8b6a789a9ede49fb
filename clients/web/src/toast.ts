import { html, nothing, type TemplateResult } from "lit-html";

const SHOWN_MS = 8000;

/** A short message, and optionally a function that undoes what it reports. It is shown in elements that screen readers announce. */
export class Toast {
  #message = "";
  #undo: (() => void) | undefined;
  #isError = false;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly update: () => void) {}

  show(message: string, undo?: () => void): void {
    this.#set(message, undo, false);
  }

  error(message: string): void {
    this.#set(message, undefined, true);
  }

  /** Undoes the action that the message reports, if it is still shown. Returns whether it was. */
  undo(): boolean {
    const undo = this.#undo;
    this.#set("", undefined, false);
    undo?.();
    return undo !== undefined;
  }

  readonly template = (): TemplateResult => html`
    <div class="toast ${this.#isError ? "error" : ""}" ?data-shown=${this.#message !== ""}>
      <span>${this.#message}</span>
      ${this.#undo ? html`<button class="plain" data-undo @click=${() => this.undo()}>Undo</button>` : nothing}
    </div>
  `;

  #set(message: string, undo: (() => void) | undefined, isError: boolean): void {
    clearTimeout(this.#timer);
    this.#message = message;
    this.#undo = undo;
    this.#isError = isError;
    if (message !== "") this.#timer = setTimeout(() => this.#set("", undefined, false), SHOWN_MS);
    this.update();
  }
}
