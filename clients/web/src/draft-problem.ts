import { html, type TemplateResult } from "lit-html";

/** Says why what is typed is not what is stored, with a button that drops it. */
export function draftProblem(text: string, action: string, discard: () => void): TemplateResult {
  return html`
    <p class="problem" role="alert">
      ${text}
      <button class="plain" type="button" @pointerdown=${(event: Event) => event.preventDefault()} @click=${discard}>${action}</button>
    </p>
  `;
}

/** Says that the user has become a viewer while typing. */
export function notStorable(discard: () => void): TemplateResult {
  return draftProblem("You can no longer change this, so it cannot be saved", "Discard it", discard);
}
