import { Taskward } from "@taskward/client";
import { Store, Stores } from "@taskward/client/store";
import { html, render } from "lit-html";
import { App } from "./app.js";
import { showInDialog } from "./dialogs.js";
import { page } from "./page.js";
import { completeSignIn, currentSession, DATABASE, deleteOldDatabases, onOtherSession, readSession, token } from "./session.js";
import { restoringFocus } from "./focus.js";
import { onPageKey } from "./keyboard.js";
import { joinByLink } from "./joining.js";
import { askToReplace, openSignInDialog, showSignIn } from "./sign-in.js";

async function start(): Promise<void> {
  void navigator.serviceWorker?.register("/app/service-worker.js", { scope: "/" }).catch(() => undefined);
  readSession();
  onOtherSession(() => location.reload());
  const problem = await completeSignIn();
  const session = await currentSession();
  await deleteOldDatabases(session);
  if (session === undefined) {
    await showSignIn(problem);
    return;
  }
  const client = new Taskward({ token });
  const stores = await Stores.open({ client, name: DATABASE, onLost: (lost) => app.lost(lost) });
  const app: App = new App(stores, client, session, await noSpace(client), (shown) => {
    restoringFocus(() => render(page(shown), document.body), () => shown.current);
    showInDialog(shown.toast.template());
  });
  addEventListener("keydown", (event) => onPageKey(app, event));
  stores.start();
  void joinByLink(app);
  addEventListener("hashchange", () => void joinByLink(app));
  const { own } = stores;
  let before = own.state;
  own.subscribe(() => {
    const { state } = own;
    // A dialog opens once; later the button in the sidebar opens it.
    if (state === "unauthorized" && before !== state) openSignInDialog(app);
    if (state === "other-user" && before !== state) void askToReplace(app);
    before = state;
  });
  if (problem !== undefined) app.toast.error(problem);
}

/** Returns a store that has nothing and takes nothing: for the address of a space that is not on this device. */
async function noSpace(client: Taskward): Promise<Store> {
  const store = await Store.open({ client, space: "none" });
  await store.leave();
  return store;
}

/** Says why the app does not start: in some settings of a browser it can store nothing. */
function showFailure(error: unknown): void {
  const reason = error instanceof Error ? error.message : String(error);
  const text = `The app stores its data in this browser, and the browser refuses: ${reason}. Allow it for this site, and load the page again.`;
  render(html`<main class="sign-in"><h1>Taskward cannot start</h1><p class="problem" role="alert">${text}</p></main>`, document.body);
}

start().catch(showFailure);
