import {
  NetworkError,
  type List,
  type NewTask,
  type Owner,
  type OwnReminders,
  type Task,
  type TaskChanges,
  type TrashedTask,
} from "@taskward/client";
import type { Conflict, Store } from "@taskward/client/store";
import { ask } from "./dialogs.js";
import { indent, moveBy, moveTo, outdent, positionBetween, type Place } from "./moving.js";
import type { Page } from "./page-state.js";
import { isSameView, type LabelView, type View } from "./route.js";
import { isSameLabel, positionOf } from "./tree.js";

/** What the user does in the app. Each change is stored on this device first, and then sent. */
export class Actions {
  #lastMove: Promise<void> = Promise.resolve();
  #running = 0;
  readonly #runningOnce = new Set<string>();

  constructor(private readonly page: Page) {}

  /** Whether a change of the user is not stored yet. */
  get areRunning(): boolean {
    return this.#running > 0;
  }

  /** Adds a task to the view that is shown, with these fields in place of those of the view; returns whether it is stored. */
  async add(title: string, fields: Omit<NewTask, "title"> = {}): Promise<boolean> {
    const ofView = this.#fieldsOfView();
    const labels = [...(ofView.labels ?? []), ...(fields.labels ?? [])];
    const id = await this.#create(title, { ...ofView, ...fields, ...(labels.length > 0 && { labels }) });
    this.page.current = id ?? this.page.current;
    return id !== undefined;
  }

  /** Adds a subtask; returns whether it is stored. */
  async addSubtask(title: string, parent: Task): Promise<boolean> {
    return (await this.#create(title, { parent_id: parent.id })) !== undefined;
  }

  /** Changes a task; returns whether that is stored. */
  change(task: Task, changes: TaskChanges): Promise<boolean> {
    return this.#run(() => this.page.storeOf(task).tasks.update(task.id, changes));
  }

  async setCompleted(task: Task, is_completed: boolean): Promise<void> {
    const { tasks } = this.page.storeOf(task);
    await this.#run(async () => {
      await tasks.update(task.id, { is_completed });
      const undo = () => void this.#run(() => tasks.update(task.id, { is_completed: !is_completed }));
      this.page.toast.show(`${is_completed ? "Completed" : "Reopened"}: ${task.title}`, undo);
    });
  }

  /** Puts a task into the trash; where that is off, deletes it permanently. */
  async remove(task: Task): Promise<void> {
    const { toast } = this.page;
    const { isOff } = this.page.trash;
    const store = this.page.storeOf(task);
    const below = store.tasks.all().filter(({ parent_id }) => parent_id === task.id).length;
    const subtasks = below === 0 ? undefined : await this.#askForSubtasks(task, below);
    if (below > 0 && subtasks === undefined) return;
    await this.#run(async () => {
      await store.tasks.delete(task.id, { ...(subtasks && { subtasks }), ...(!isOff && { to: "trash" }) });
      if (this.page.route.task === task.id) this.page.close();
      const undo = () => void (isOff ? this.createAgain(task, store) : this.#run(() => store.tasks.restore(task.id)));
      // Subtasks that are kept do not come back below the task.
      const canUndo = below === 0 || (subtasks === "delete" && !isOff);
      toast.show(`Deleted: ${task.title}`, canUndo ? undo : undefined);
    });
  }

  /** Takes a task out of the trash. */
  async restore({ task }: TrashedTask): Promise<void> {
    await this.#run(async () => {
      await this.page.store.tasks.restore(task.id);
      this.page.trash.remove(task.id);
      this.page.toast.show(`Restored: ${task.title}`);
    });
    void this.page.trash.read();
  }

  /** Deletes a task of the trash permanently. */
  async purge({ task }: TrashedTask): Promise<void> {
    const { client } = this.page;
    const { length } = this.page.trash.takenAlongWith(task.id);
    const along = length === 0 ? "It" : `It and ${length === 1 ? "the task" : `the ${length} tasks`} deleted with it`;
    const answer = await ask(`Delete “${task.title}” permanently?`, `${along} cannot be restored then.`, [
      ["delete", "Delete permanently", "danger"],
    ]);
    if (answer === undefined) return;
    await this.#run(async () => {
      await client.trash.purge(task.id);
      this.page.trash.remove(task.id);
      this.page.toast.show(`Deleted permanently: ${task.title}`);
    });
    void this.page.trash.read();
  }

  async emptyTrash(): Promise<void> {
    const { client, store } = this.page;
    const answer = await ask("Empty the trash?", "All tasks in it are deleted permanently.", [["empty", "Empty trash", "danger"]]);
    if (answer === undefined) return;
    await this.#run(async () => {
      const { deleted } = await client.trash.empty();
      if (this.page.store === store) this.page.trash.remove();
      this.page.toast.show(`Deleted permanently: ${deleted} ${deleted === 1 ? "task" : "tasks"}`);
    });
    void this.page.trash.read();
  }

  /** Deletes permanently what a service without a trash has refused to put there. */
  removeInstead({ write: { kind, id, contents } }: Conflict, { tasks, lists }: Store): Promise<boolean> {
    return this.#run(() =>
      kind === "list" ? lists.delete(id, { tasks: "delete" }) : tasks.delete(id, { ...(contents && { subtasks: contents }) }),
    );
  }

  /** Creates a task as another one of that store was, whose owner may not be the one that is shown by now. */
  createAgain(task: Task, store: Store): Promise<boolean> {
    const content = { ...contentOf(task), position: positionOf(task) };
    return this.#run(() => store.tasks.create(withPlaceIn(store, content) as NewTask));
  }

  /**
   * Makes the change of a conflict where the object was moved to meanwhile. In a space reminders are each member's own, and
   * who it was assigned to is no member there.
   */
  changeThere({ write: { kind, id, body } }: Conflict, there: Store): Promise<boolean> {
    const { reminders, assigned_to, ...rest } = body as TaskChanges;
    if (kind === "list") return this.#run(() => there.lists.update(id, body));
    return this.#run(async () => {
      if (reminders !== undefined) await this.#setReminders(id, there, reminders ?? []);
      const changes = withPlaceIn(there, rest);
      if (Object.keys(changes).length > 0) await there.tasks.update(id, changes);
    });
  }

  /** Creates a private task as one in a space was that the user has left. */
  createPrivately(task: Task): Promise<boolean> {
    const { list_id, parent_id, position, assigned_to, ...fields } = contentOf(task);
    return this.#run(() => this.page.stores.own.tasks.create(fields as NewTask));
  }

  /** Moves a task by one step. A step begins where the one before has ended, however fast the keys are pressed. */
  move(id: string, how: "up" | "down" | "in" | "out"): Promise<void> {
    this.#lastMove = this.#lastMove.then(() => this.#moveOnce(id, how));
    return this.#lastMove;
  }

  async moveTo(task: Task, place: Place): Promise<void> {
    const changes = moveTo(this.page.tree, task, place);
    if (changes === undefined) return;
    await this.change(task, changes);
    this.#showPosition(task.id);
  }

  /** Moves a task to the end of a list, or of the inbox. */
  async putInList(task: Task, list: string | undefined): Promise<void> {
    const changes = moveTo(this.page.tree, task, { parent: undefined, list, before: undefined });
    if (changes === undefined) return;
    await this.change(task, changes);
    this.page.toast.show(`Moved to ${this.page.tree.list(list)?.title ?? "Inbox"}`);
  }

  /** Adds a list to a store, and shows it if that owner is still shown. */
  async addList(store: Store, title: string): Promise<void> {
    if (title.trim() === "") return;
    await this.#run(async () => {
      const { id } = await store.lists.create({ title: title.trim() });
      if (this.page.store === store) this.page.show({ name: "list", id, ...ownerOf(this.page.route.view) });
    });
  }

  async changeList(list: List, changes: { title?: string; is_archived?: boolean }): Promise<void> {
    await this.#run(() => this.page.storeOf(list).lists.update(list.id, changes));
  }

  async moveList(list: List, step: -1 | 1): Promise<void> {
    const lists = this.page.tree.lists.filter(({ is_archived }) => !is_archived);
    const others = lists.filter(({ id }) => id !== list.id);
    const at = lists.findIndex(({ id }) => id === list.id) + step;
    if (at < 0 || at > others.length) return;
    await this.#run(() => this.page.storeOf(list).lists.update(list.id, { position: positionBetween(others[at - 1], others[at]) }));
  }

  async removeList(list: List, tasks: "delete" | "keep"): Promise<void> {
    const { toast, trash } = this.page;
    const { view } = this.page.route;
    const store = this.page.storeOf(list);
    await this.#run(async () => {
      if (tasks === "keep" || trash.isOff) return await store.lists.delete(list.id, { tasks });
      await store.lists.delete(list.id, { tasks, to: "trash" });
      toast.show(`In the trash: the tasks of ${list.title}`);
    });
    this.#leave(view);
  }

  /** Changes a label on all tasks, which the service does; so it needs a network. */
  async renameLabel(client: Owner, view: LabelView, to: string): Promise<void> {
    await this.#run(async () => {
      await client.labels.rename(view.label, to);
      if (this.#shows(view)) this.page.show({ ...view, label: to });
    });
  }

  async removeLabel(client: Owner, view: LabelView): Promise<void> {
    const { label } = view;
    await this.#run(async () => {
      const { tasks } = await client.labels.remove(label);
      this.#leave(view);
      this.page.toast.show(`Removed ${label} from ${tasks} ${tasks === 1 ? "task" : "tasks"}`);
    });
  }

  /** Adds a label to a task; returns whether that is stored. */
  async addLabel(task: Task, label: string): Promise<boolean> {
    const known = [...this.page.tree.labels.keys()].find((one) => isSameLabel(one, label.trim()));
    return label.trim() !== "" && (await this.change(task, { add_labels: [known ?? label.trim()] }));
  }

  /** Returns whether a view is still shown: what takes time may end after the user has opened another one. */
  #shows(view: View): boolean {
    return isSameView(this.page.route.view, view);
  }

  /** Shows all that the owner of a view has in place of that view, if it is still shown. */
  #leave(view: View): void {
    if (this.#shows(view)) this.page.show({ name: view.space === undefined ? "inbox" : "all", ...ownerOf(view) });
  }

  /** Returns the fields with which a new task is in the view that is shown. */
  #fieldsOfView(): Omit<NewTask, "title"> {
    const { view } = this.page.route;
    const { day } = this.page.now;
    const fields: Record<View["name"], Omit<NewTask, "title">> = {
      today: { due: { date: day } },
      upcoming: {},
      inbox: {},
      all: {},
      list: view.name === "list" ? { list_id: view.id } : {},
      label: view.name === "label" ? { labels: [view.label] } : {},
      trash: {},
    };
    return fields[view.name];
  }

  async #create(title: string, fields: Omit<NewTask, "title">): Promise<string | undefined> {
    if (title.trim() === "") return undefined;
    let added: string | undefined;
    await this.#run(async () => {
      added = (await this.page.store.tasks.create({ title: title.trim().slice(0, 200), ...fields })).id;
      this.page.toast.show(`Added: ${title.trim()}`);
    });
    return added;
  }

  async #setReminders(task: string, { space, tasks }: Store, reminders: OwnReminders): Promise<void> {
    if (space === undefined) await tasks.update(task, { reminders });
    else await this.page.reminders.set(task, space.id, reminders);
  }

  async #askForSubtasks({ title }: Task, count: number): Promise<"delete" | "keep" | undefined> {
    const what = count === 1 ? "a subtask" : `${count} subtasks`;
    return await ask(`Delete “${title}”?`, `It has ${what}.`, [
      ["delete", "Delete everything", "danger"],
      ["keep", `Keep the ${count === 1 ? "subtask" : "subtasks"}`],
    ]);
  }

  async #moveOnce(id: string, how: "up" | "down" | "in" | "out"): Promise<void> {
    const { tree } = this.page;
    const task = tree.get(id);
    if (task === undefined) return;
    const changes =
      how === "in" ? indent(tree, task) : how === "out" ? outdent(tree, task) : moveBy(tree, task, how === "up" ? -1 : 1);
    if (changes === undefined) return this.page.toast.show(`${task.title} cannot be moved further`);
    await this.change(task, changes);
    this.#showPosition(id);
  }

  #showPosition(id: string): void {
    const { tree } = this.page;
    const task = tree.get(id);
    if (task === undefined) return;
    const siblings = tree.siblings(task);
    const parent = tree.parent(task);
    const where = parent === undefined ? "" : ` below ${parent.title}`;
    this.page.toast.show(`${task.title}: ${siblings.indexOf(task) + 1} of ${siblings.length}${where}`);
  }

  /** Runs what the service does, and so needs a network; returns whether it was done. */
  online(work: () => Promise<unknown>): Promise<boolean> {
    return this.#run(work);
  }

  /** Does the same, but nothing while work of that name is running: a double click sends a form once. */
  async onlineOnce(name: string, work: () => Promise<unknown>): Promise<boolean> {
    if (this.#runningOnce.has(name)) return false;
    this.#runningOnce.add(name);
    const isDone = await this.#run(work);
    this.#runningOnce.delete(name);
    return isDone;
  }

  async #run(work: () => Promise<unknown>): Promise<boolean> {
    this.#running += 1;
    try {
      await work();
      return true;
    } catch (error) {
      const text = error instanceof Error ? error.message : String(error);
      this.page.toast.error(error instanceof NetworkError ? "This needs the network" : text);
      return false;
    } finally {
      this.#running -= 1;
    }
  }
}

/** Returns the key that says that another view is of the same owner. */
function ownerOf({ space }: View): { space?: string } {
  return space === undefined ? {} : { space };
}

/** Returns what a user has entered in a task: not its id, its place in a series, and who changed it when. */
function contentOf(task: Task): Partial<Task> {
  const { id: _, user_id, created_at, updated_at, created_by, updated_by, series_id, next_id, ...content } = task;
  return content;
}

/** Returns fields without a list or a parent that the store does not have, and then without the place among what is there. */
function withPlaceIn<Fields extends TaskChanges>({ tasks, lists }: Store, fields: Fields): Partial<Fields> {
  const { list_id, parent_id } = fields;
  const { ...here }: Partial<Fields> = fields;
  if (list_id != null && lists.get(list_id) === undefined) delete here.list_id;
  if (parent_id != null && tasks.get(parent_id) === undefined) delete here.parent_id;
  if (here.list_id !== list_id || here.parent_id !== parent_id) delete here.position;
  return here;
}
