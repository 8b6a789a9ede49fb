import { html, nothing, render, type TemplateResult } from "lit-html";
import type { App } from "./app.js";
import { ask, openDialog } from "./dialogs.js";
import { clearSession, signIn } from "./session.js";

let isDialogOpen = false;

/** The page that is shown until a user signs in on this device. */
export function signInPage(problem?: string): TemplateResult {
  const submit = (event: SubmitEvent) => {
    const error = trySignIn(event);
    if (error === undefined) location.reload();
    else render(signInPage(error), document.body);
  };
  return html`
    <main class="sign-in">
      <h1>Sign in to Taskward</h1>
      ${form(submit, problem)}
    </main>
  `;
}

/** Asks for another token after the service has rejected the one in use. The data on this device is kept. */
export function openSignInDialog(app: App): void {
  if (isDialogOpen) return;
  isDialogOpen = true;
  const { database } = app.session;
  const signedIn = openDialog<"signed in">("Your session has ended", (close) => {
    const submit = (event: SubmitEvent) => {
      const error = trySignIn(event);
      if (error === undefined) close("signed in");
      else app.toast.error(error);
    };
    return html`<p>Your tasks and changes are kept on this device.</p>${form(submit, undefined)}
      <div class="buttons"><button @click=${() => close(undefined)}>Later</button></div>`;
  });
  void signedIn.then((result) => {
    isDialogOpen = false;
    if (result === undefined) return;
    if (localStorage.getItem("taskward.database") !== database) location.reload();
    else app.store.start();
  });
}

/** Asks for confirmation, deletes all data on this device, and ends the session. */
export async function signOut(app: App): Promise<void> {
  const { pending } = app.store;
  const unsent = pending === 0 ? "" : ` ${pending} ${pending === 1 ? "change was" : "changes were"} not sent and will be lost.`;
  const text = `All tasks are deleted from this device; the service keeps them.${unsent}`;
  if ((await ask("Sign out?", text, [["out", "Sign out", "danger"]])) === undefined) return;
  await app.store.clear();
  await app.store.close();
  clearSession();
  location.hash = "";
  location.reload();
}

function form(submit: (event: SubmitEvent) => void, problem: string | undefined): TemplateResult {
  return html`
    <form @submit=${submit}>
      <label>
        Access token
        <textarea name="token" rows="4" spellcheck="false" autocomplete="off" required autofocus
          aria-describedby="token-help"></textarea>
      </label>
      <p id="token-help" class="hint">
        A JSON Web Token of your identity provider, as your own front end would send it. It stays in this tab until you
        close it.
      </p>
      ${problem === undefined ? nothing : html`<p class="problem" role="alert">${problem}</p>`}
      <div class="buttons"><button class="primary">Sign in</button></div>
    </form>
  `;
}

function trySignIn(event: SubmitEvent): string | undefined {
  event.preventDefault();
  const { value } = (event.target as HTMLFormElement).elements.namedItem("token") as HTMLTextAreaElement;
  try {
    signIn(value.trim().replace(/^Bearer\s+/i, ""));
    return undefined;
  } catch {
    return "That is not a JSON Web Token.";
  }
}
