import { Taskward } from "@taskward/client";
import { Store } from "@taskward/client/store";
import { render } from "lit-html";
import { App } from "./app.js";
import { page } from "./page.js";
import { currentSession, token } from "./session.js";
import { restoringFocus } from "./focus.js";
import { onPageKey } from "./keyboard.js";
import { openSignInDialog, signInPage } from "./sign-in.js";

async function start(): Promise<void> {
  void navigator.serviceWorker?.register("/app/service-worker.js", { scope: "/" }).catch(() => undefined);
  const session = await currentSession();
  const { database } = session;
  if (database === undefined) {
    render(signInPage(), document.body);
    return;
  }
  const client = new Taskward({ token });
  const store = await Store.open({ client, name: database });
  const app = new App(store, client, session, (shown) => {
    restoringFocus(() => render(page(shown), document.body));
  });
  addEventListener("keydown", (event) => onPageKey(app, event));
  store.start();
  let before = store.state;
  store.subscribe(() => {
    // The dialog opens once; later the button in the sidebar opens it.
    if (store.state === "unauthorized" && before !== store.state) openSignInDialog(app);
    before = store.state;
  });
}

void start();
