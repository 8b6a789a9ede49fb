import { Taskward } from "@taskward/client";
import { Store } from "@taskward/client/store";
import { render } from "lit-html";
import { App } from "./app.js";
import { page } from "./page.js";
import { currentSession, DATABASE, deleteOldDatabases, onOtherSession, token } from "./session.js";
import { restoringFocus } from "./focus.js";
import { onPageKey } from "./keyboard.js";
import { askToReplace, openSignInDialog, signInPage } from "./sign-in.js";

async function start(): Promise<void> {
  void navigator.serviceWorker?.register("/app/service-worker.js", { scope: "/" }).catch(() => undefined);
  onOtherSession(() => location.reload());
  const session = await currentSession();
  await deleteOldDatabases(session);
  if (session === undefined) {
    render(signInPage(), document.body);
    return;
  }
  const client = new Taskward({ token });
  const store = await Store.open({ client, name: DATABASE });
  const app = new App(store, client, session, (shown) => {
    restoringFocus(() => render(page(shown), document.body), () => shown.current);
  });
  addEventListener("keydown", (event) => onPageKey(app, event));
  store.start();
  let before = store.state;
  store.subscribe(() => {
    const { state } = store;
    // A dialog opens once; later the button in the sidebar opens it.
    if (state === "unauthorized" && before !== state) openSignInDialog(app);
    if (state === "other-user" && before !== state) void askToReplace(app);
    before = state;
  });
}

void start();
