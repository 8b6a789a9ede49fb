import { html, nothing, render, type TemplateResult } from "lit-html";
import type { App } from "./app.js";
import { ask, openDialog } from "./dialogs.js";
import { Drafts } from "./drafts.js";
import { Provider } from "./provider.js";
import { closeNotifications } from "./reminders.js";
import { endSession, forgetToken, replaceSession, signIn } from "./session.js";

let isDialogOpen = false;

/** Shows the page for a device on which nobody is signed in. */
export async function showSignIn(problem: string | undefined): Promise<void> {
  const show = (found: Found, wrong: string | undefined) => {
    const signedIn = () => location.reload();
    render(signInPage(wayIn(found, signedIn, (text) => show(found, text)), wrong), document.body);
  };
  show(await findProvider(), problem);
}

function signInPage(way: TemplateResult, problem: string | undefined): TemplateResult {
  return html`
    <main class="sign-in">
      <h1>Sign in to Taskward</h1>
      ${problem === undefined ? nothing : html`<p class="problem" role="alert">${problem}</p>`} ${way}
    </main>
  `;
}

/** Asks for another token after the service has rejected the one in use. The data on this device is kept. */
export async function openSignInDialog(app: App): Promise<void> {
  if (isDialogOpen) return;
  isDialogOpen = true;
  const found = await findProvider();
  const content = (close: (result: "signed in" | undefined) => void) => {
    const way = wayIn(found, () => close("signed in"), (text) => app.toast.error(text));
    // Who is typing when the dialog opens must not answer it by that.
    return html`<p tabindex="-1" autofocus>Your tasks and changes are kept on this device.</p>${way}
      <div class="buttons"><button @click=${() => close(undefined)}>Later</button></div>`;
  };
  const signedIn = openDialog("Your session has ended", content, { stays: true });
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
  const answer = await ask("Sign in as another user?", text, [["delete", "Delete them and sign in", "danger"]], { stays: true });
  if (answer !== undefined) await leave(app, replaceSession);
  else if (forgetToken()) location.reload();
}

function unsentText({ allStores }: App): string {
  const pending = [...allStores.values()].reduce((sum, store) => sum + store.pending, 0);
  return pending === 0 ? "" : ` ${pending} ${pending === 1 ? "change was" : "changes were"} not sent and will be lost.`;
}

async function leave(app: App, changeSession: () => unknown): Promise<void> {
  document.body.inert = true; // what would be typed from now on is deleted, too
  try {
    await app.stores.clear();
    await closeNotifications();
  } finally {
    Drafts.forget();
    const next = await changeSession();
    location.hash = "";
    if (typeof next === "string") location.assign(next);
    else location.reload();
  }
}

/** The provider of the service; null if it has none, and undefined without a network. */
type Found = Provider | null | undefined;

async function findProvider(): Promise<Found> {
  return await Provider.ofService().then((found) => found ?? null, () => undefined);
}

/** The button that leads to the provider, or without one the field for a token. */
function wayIn(found: Found, signedIn: () => void, failed: (problem: string) => void): TemplateResult {
  if (found === undefined) return html`<p class="hint">Without a network nobody can sign in. Load the page again later.</p>`;
  if (found === null) return tokenForm(signedIn, failed);
  const go = () => found.authorize().catch((error: unknown) => failed(`${found.name} cannot be reached: ${String(error)}`));
  return html`<div class="buttons"><button class="primary" autofocus @click=${go}>Sign in with ${found.name}</button></div>`;
}

function tokenForm(signedIn: () => void, failed: (problem: string) => void): TemplateResult {
  const submit = async (event: SubmitEvent) => {
    const error = await trySignIn(event);
    if (error === undefined) signedIn();
    else failed(error);
  };
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
