import { html, nothing, render, type TemplateResult } from "lit-html";
import type { App } from "./app.js";
import { ask, openDialog } from "./dialogs.js";
import { endSession, forgetToken, replaceSession, signIn } from "./session.js";

let isDialogOpen = false;

/** The page that is shown until a user signs in on this device. */
export function signInPage(problem?: string): TemplateResult {
  const submit = async (event: SubmitEvent) => {
    const error = await trySignIn(event);
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
  const signedIn = openDialog<"signed in">("Your session has ended", (close) => {
    const submit = async (event: SubmitEvent) => {
      const error = await trySignIn(event);
      if (error === undefined) close("signed in");
      else app.toast.error(error);
    };
    return html`<p>Your tasks and changes are kept on this device.</p>${form(submit, undefined)}
      <div class="buttons"><button @click=${() => close(undefined)}>Later</button></div>`;
  });
  void signedIn.then((result) => {
    isDialogOpen = false;
    if (result !== undefined) {
      void app.stores.stop().then(() => app.stores.start());
    }
  });
}

/** Asks for confirmation, deletes all data on this device, and ends the session in all windows. */
export async function signOut(app: App): Promise<void> {
  const text = `All tasks are deleted from this device; the service keeps them.${unsentText(app)}`;
  if ((await ask("Sign out?", text, [["out", "Sign out", "danger"]])) !== undefined) await leave(app, endSession);
}

/** Asks whether to delete what is on this device, which is of another user than the token. If not, the token is dropped. */
export async function askToReplace(app: App): Promise<void> {
  const text = `The tasks of another user are on this device. They are deleted from it; the service keeps them.${unsentText(app)}`;
  const answer = await ask("Sign in as another user?", text, [["delete", "Delete them and sign in", "danger"]]);
  if (answer !== undefined) await leave(app, replaceSession);
  else if (forgetToken()) location.reload();
}

function unsentText({ stores }: App): string {
  const pending = [stores.own, ...stores.spaces.values()].reduce((sum, store) => sum + store.pending, 0);
  return pending === 0 ? "" : ` ${pending} ${pending === 1 ? "change was" : "changes were"} not sent and will be lost.`;
}

async function leave(app: App, changeSession: () => void): Promise<void> {
  try {
    await app.stores.clear();
  } finally {
    changeSession();
    location.hash = "";
    location.reload();
  }
}

function form(submit: (event: SubmitEvent) => unknown, problem: string | undefined): TemplateResult {
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

async function trySignIn(event: SubmitEvent): Promise<string | undefined> {
  event.preventDefault();
  const { value } = (event.target as HTMLFormElement).elements.namedItem("token") as HTMLTextAreaElement;
  try {
    await signIn(value.trim().replace(/^Bearer\s+/i, ""));
    return undefined;
  } catch {
    return "That is not a JSON Web Token.";
  }
}
