import type { List, Owner, Task, Taskward } from "@taskward/client";
import type { Store, Stores } from "@taskward/client/store";
import type { Now } from "./dates.js";
import type { Reminders } from "./reminders.js";
import type { Route, View } from "./route.js";
import type { Toast } from "./toast.js";
import type { Trash } from "./trash.js";
import type { Tree } from "./tree.js";

/** What the actions of the user need of the page. */
export interface Page {
  /** The store of the owner that is shown: the user, or a space. */
  readonly store: Store;
  readonly stores: Stores;
  /** Returns the store of a task or a list, which may be of another owner than the one that is shown. */
  storeOf(one: Task | List): Store;
  /** The client of that owner. */
  readonly client: Owner;
  /** The client of the user. */
  readonly account: Taskward;
  readonly toast: Toast;
  readonly trash: Trash;
  readonly reminders: Reminders;
  /** All tasks and lists as they are now. */
  readonly tree: Tree;
  readonly route: Route;
  readonly now: Now;
  /** The row that the Tab key reaches. */
  current: string | undefined;
  show(view: View): void;
  /** Renders the page before it is next painted. */
  update(): void;
  /** Closes the details. */
  close(): void;
}
