import type { List, Owner, Taskward, Task } from "@taskward/client";
import type { LostSpace, Store, Stores } from "@taskward/client/store";
import { Actions } from "./actions.js";
import { Comments } from "./comments.js";
import { Drafts } from "./drafts.js";
import { localNow, timeZone, type Now } from "./dates.js";
import { closeDialogs } from "./dialogs.js";
import { rowControl } from "./focus.js";
import type { Page } from "./page-state.js";
import { formatRoute, isSameView, parseRoute, viewLink, type Route, type View } from "./route.js";
import { assignedTo, countOf, rowsOf, type Row } from "./rows.js";
import { isCurrent, type Session } from "./session.js";
import { closeNotifications, Reminders } from "./reminders.js";
import { Toast } from "./toast.js";
import { isRefusal, Trash } from "./trash.js";
import { Tree } from "./tree.js";

const CAN_HOVER = matchMedia("(hover: hover)");

/** The state of the page: the store, the route, and what belongs to this window alone. */
export class App implements Page {
  readonly actions: Actions;
  readonly drafts = new Drafts(this);
  readonly toast = new Toast(() => this.update());
  readonly trash: Trash;
  readonly comments = new Comments(this);
  readonly reminders = new Reminders(this);
  route: Route = parseRoute(location.hash);
  now: Now = localNow();
  isMenuOpen = false;
  areFiltersOpen = false;
  isFoldOpen = false;
  /** The row that the Tab key reaches. */
  current: string | undefined;
  readonly #trees = new Map<string | undefined, Tree>();
  #rows: Row[] | undefined;
  readonly #counts = new Map<string, number>();
  #isScheduled = false;
  #hasSentTimeZone = false;

  constructor(
    readonly stores: Stores,
    readonly account: Taskward,
    readonly session: Session,
    private readonly noSpace: Store,
    private readonly render: (app: App) => void,
  ) {
    this.actions = new Actions(this);
    this.trash = new Trash(this);
    stores.subscribe(() => this.#onStoreChange());
    addEventListener("hashchange", () => this.#onRouteChange());
    addEventListener("resize", () => this.update());
    addEventListener("beforeunload", (event) => this.#onBeforeUnload(event));
    setInterval(() => this.#tick(), 15_000);
    this.update();
  }

  /** Whether the owner that is shown is on this device: the user, or a space that the user is in. */
  get isHere(): boolean {
    return this.allStores.has(this.route.view.space);
  }

  /** The store of the user, and those of the spaces, by the ids of the spaces. */
  get allStores(): ReadonlyMap<string | undefined, Store> {
    return new Map([[undefined, this.stores.own] as const, ...this.stores.spaces]);
  }

  /** The store of the owner that is shown. */
  get store(): Store {
    return this.#storeOf(this.route.view.space);
  }

  get client(): Owner {
    const { space } = this.route.view;
    return space === undefined ? this.account : this.account.space(space);
  }

  /** Whether the user may change what is shown. */
  get canWrite(): boolean {
    return mayWrite(this.store);
  }

  /** All tasks and lists as they are now. */
  get tree(): Tree {
    return this.treeOf(this.route.view.space);
  }

  /** Returns the tasks and lists of a space, or without one of the user. */
  treeOf(space: string | undefined): Tree {
    const known = this.#trees.get(space);
    if (known !== undefined) return known;
    const { tasks, lists } = this.#storeOf(space);
    const tree = new Tree(tasks.all(), lists.all());
    this.#trees.set(space, tree);
    return tree;
  }

  get rows(): Row[] {
    const { route, now, isFoldOpen } = this;
    return (this.#rows ??= rowsOf(this.tree, route, now, isFoldOpen, route.search === "" ? this.#assigned(route.view) : []));
  }

  get details(): Task | undefined {
    return this.tree.get(this.route.task);
  }

  /** Renders the page before it is next painted. */
  update(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    // A window in the background paints nothing, and is rendered too.
    const schedule = document.hidden ? setTimeout : requestAnimationFrame;
    schedule(() => {
      this.#isScheduled = false;
      this.comments.show(this.details?.id);
      this.reminders.show(this.details?.id, this.route.view.space);
      this.render(this);
    });
  }

  /** Changes the route; with `replace`, the back button does not return to the one before. */
  go(changes: Partial<Omit<Route, "task">> & { task?: string | undefined }, { replace = false } = {}): void {
    const { task, ...rest } = { ...this.route, ...changes };
    const hash = formatRoute({ ...rest, ...(task !== undefined && { task }) });
    if (hash === location.hash) return;
    history[replace ? "replaceState" : "pushState"](null, "", hash);
    this.#onRouteChange();
  }

  show(view: View): void {
    this.isMenuOpen = false;
    this.go({ view, search: "", filters: {}, sort: "manual", task: undefined });
    this.update();
  }

  /** Opens the details of a task; those of a task of another owner in their space. */
  open(task: string, owner = this.route.view.space): void {
    if (owner !== this.route.view.space && owner !== undefined && this.stores.spaces.has(owner)) this.show({ name: "all", space: owner });
    this.go({ task });
    const title = ".details .title textarea";
    // On a touch screen a text field would bring up the keyboard.
    this.#focusOnceShown(() => document.querySelector<HTMLElement>(CAN_HOVER.matches ? title : ".details"));
  }

  /** Closes the details; the focus returns to the task. */
  close(): void {
    const { task } = this.route;
    this.go({ task: undefined });
    if (task !== undefined) this.#focusOnceShown(() => (document.activeElement === document.body ? rowControl(task) : null));
  }

  /** Returns how many open tasks a view has. */
  count(view: View): number {
    const key = viewLink(view);
    const known = this.#counts.get(key) ?? countOf(this.treeOf(view.space), view, this.now) + openOnes(this.#assigned(view));
    this.#counts.set(key, known);
    return known;
  }

  toggle(part: "isMenuOpen" | "areFiltersOpen" | "isFoldOpen", to = !this[part]): void {
    this[part] = to;
    this.#rows = undefined;
    this.update();
  }

  /** Says that the user is not in a space any more; what was not sent stays there until it is decided about. */
  lost({ space, title, unsent }: LostSpace): void {
    const rest = unsent.length === 0 ? "" : ` ${unsent.length === 1 ? "One change was" : `${unsent.length} changes were`} not sent.`;
    this.toast.error(`You are not in ${title ?? "that space"} any more.${rest}`);
    if (this.route.view.space === space && unsent.length === 0) this.show({ name: "inbox" });
    void closeNotifications(space);
  }

  /** Returns the store of a task or a list, which may be of another owner than the one that is shown. */
  storeOf({ user_id: owner }: Task | List): Store {
    return this.stores.spaces.get(owner) ?? this.stores.own;
  }

  /** Returns the tasks of spaces that are in a view of the user, because they are assigned to them. */
  #assigned(view: View): Task[] {
    if (view.space !== undefined || (view.name !== "today" && view.name !== "upcoming")) return [];
    return [...this.stores.spaces].flatMap(([space, { member }]) =>
      member === undefined ? [] : assignedTo(member.id, this.treeOf(space), view, this.now),
    );
  }

  #storeOf(space: string | undefined): Store {
    return this.allStores.get(space) ?? this.noSpace;
  }

  #onStoreChange(): void {
    this.#trees.clear();
    this.#rows = undefined;
    this.#counts.clear();
    if (this.stores.own.state === "live") void this.#sendTimeZone();
    void this.reminders.readNew();
    if ([...this.allStores.values()].some(({ conflicts }) => conflicts.some(isRefusal))) this.trash.isOff = true;
    if (this.store.state === "removed") this.trash.forget();
    this.#readTrash();
    this.update();
  }

  #onRouteChange(): void {
    const before = this.route;
    const route = parseRoute(location.hash);
    if (before.task !== route.task) (document.activeElement as HTMLElement | null)?.blur(); // stores what was typed
    this.route = route;
    closeDialogs();
    if (before.view.space !== this.route.view.space) this.trash.forget();
    if (!isSameView(before.view, this.route.view)) {
      this.isFoldOpen = false;
      this.current = undefined;
      document.querySelector("main .scroll")?.scrollTo(0, 0);
    }
    this.#rows = undefined;
    this.#readTrash();
    this.update();
  }

  /** Reads the trash if it is shown. In the other states of the store it is not known whose the token is. */
  #readTrash(): void {
    const { state } = this.store;
    const isKnown = state === "connecting" || state === "live" || state === "offline";
    if (this.route.view.name === "trash" && isKnown) void this.trash.read();
  }

  /** "Today" and "overdue" follow the clock. */
  #tick(): void {
    if (!document.hidden) void this.comments.read();
    this.reminders.notify();
    void this.reminders.readNew();
    const now = localNow();
    if (now.day === this.now.day && now.time === this.now.time) return;
    this.now = now;
    this.#rows = undefined;
    this.#counts.clear();
    this.update();
  }

  /** Lets the browser ask whether to leave the page before everything is stored. */
  #onBeforeUnload(event: BeforeUnloadEvent): void {
    if (isCurrent() && (this.actions.areRunning || this.drafts.haveChanges)) event.preventDefault();
  }

  /** Moves the focus after the next rendering; an element that the user has focused meanwhile keeps it. */
  #focusOnceShown(find: () => HTMLElement | null): void {
    const before = document.activeElement;
    const focus = () => void ([before, document.body].includes(document.activeElement) && find()?.focus());
    requestAnimationFrame(() => requestAnimationFrame(focus));
  }

  /** Sends the time zone, by which the service finds the day on which a recurring task was completed: docs/dates.md. */
  async #sendTimeZone(): Promise<void> {
    if (this.#hasSentTimeZone) return;
    this.#hasSentTimeZone = true;
    const zone = timeZone();
    const known = await this.account.me.get().catch(() => undefined); // there is no user before the first write
    if (known === undefined) this.#hasSentTimeZone = this.treeOf(undefined).tasks.length === 0;
    else if (known.time_zone !== zone) await this.account.me.update({ time_zone: zone }).catch(() => undefined);
  }
}

/** Returns whether the user may change what is in a store. */
export function mayWrite({ role, state }: Store): boolean {
  return role !== "viewer" && state !== "removed";
}

function openOnes(tasks: readonly Task[]): number {
  return tasks.filter(({ is_completed }) => !is_completed).length;
}
