import type { OwnReminders, Task } from "@taskward/client";
import type { Store, Stores } from "@taskward/client/store";
import { reminderMoment } from "./dates.js";
import { formatRoute, parseRoute } from "./route.js";

export type Reminder = OwnReminders[number];

/** Milliseconds after which those of a space are read again. */
const READ_AGAIN = 60_000;

/** What the reminders need of the page. */
interface Page {
  readonly stores: Stores;
  readonly account: { space(id: string): { reminders: SpaceReminders } };
  readonly toast: { show(message: string): void };
  update(): void;
}

interface SpaceReminders {
  get(task: string): Promise<OwnReminders>;
  set(task: string, given: OwnReminders): Promise<OwnReminders>;
  all(): AsyncIterable<{ task_id: string; reminders: OwnReminders }>;
}

/**
 * The reminders of the user, which are shown while the app is open. Those of own tasks are in the tasks; those of tasks in
 * spaces are in no feed, and are read from the service every minute: another device may set them.
 */
export class Reminders {
  readonly #ofSpaces = new Map<string, Map<string, OwnReminders>>();
  readonly #readAt = new Map<string, number>();
  #changes = 0;
  #since = Date.now();
  #shown: string | undefined;

  constructor(private readonly page: Page) {}

  of(task: Task, space: string | undefined): OwnReminders {
    return (space === undefined ? task.reminders : this.#ofSpaces.get(space)?.get(task.id)) ?? [];
  }

  /** Reads those of spaces that were not read for a minute, and forgets those of spaces that are gone. */
  async readNew(now = Date.now()): Promise<void> {
    const { spaces } = this.page.stores;
    for (const known of [this.#ofSpaces, this.#readAt]) {
      for (const id of known.keys()) if (!spaces.has(id)) known.delete(id);
    }
    const isDue = (id: string) => now - (this.#readAt.get(id) ?? -Infinity) >= READ_AGAIN;
    const due = [...spaces].filter(([id, { state }]) => state === "live" && isDue(id));
    await Promise.all(due.map(([id]) => this.#readAll(id, now)));
  }

  /** Reads those for a task in a space whose details are shown: another device may have set them. */
  show(task: string | undefined, space: string | undefined): void {
    if (task === this.#shown) return;
    this.#shown = task;
    if (task === undefined || space === undefined) return;
    const { reminders } = this.page.account.space(space);
    void reminders.get(task).then((found) => this.#keep(space, task, found), () => undefined);
  }

  /** Replaces those for a task in a space; throws if the service could not. */
  async set(task: string, space: string, given: OwnReminders): Promise<void> {
    this.#keep(space, task, await this.page.account.space(space).reminders.set(task, given));
  }

  /** Shows those whose moment has come since the last call. */
  notify(now = Date.now()): void {
    const since = this.#since;
    this.#since = now;
    for (const [task, reminders, store, space] of this.#all()) {
      const zone = store.space?.time_zone ?? undefined;
      const moments = reminders.map((one) => reminderMoment(one, task.due, zone)?.getTime() ?? 0);
      if (!task.is_completed && moments.some((moment) => since < moment && moment <= now)) this.#show(task, space);
    }
  }

  *#all(): Generator<[Task, OwnReminders, Store, string | undefined]> {
    const { own, spaces } = this.page.stores;
    for (const task of own.tasks.all()) if (task.reminders !== undefined) yield [task, task.reminders, own, undefined];
    for (const [id, store] of spaces) {
      for (const [of, reminders] of this.#ofSpaces.get(id) ?? []) {
        const task = store.tasks.get(of);
        if (task !== undefined) yield [task, reminders, store, id];
      }
    }
  }

  #show(task: Task, space: string | undefined): void {
    this.page.toast.show(`Reminder: ${task.title}`);
    if (!("Notification" in window) || Notification.permission !== "granted") return;
    const url = `/${addressOf(task.id, space)}`;
    // Telephones show those of a worker only. Of several windows that show it, the tag leaves one.
    void navigator.serviceWorker.ready.then((worker) => worker.showNotification(task.title, { tag: task.id, data: url }));
  }

  async #readAll(space: string, now: number): Promise<void> {
    const found = new Map<string, OwnReminders>();
    const changes = this.#changes;
    this.#readAt.set(space, now);
    try {
      for await (const { task_id, reminders } of this.page.account.space(space).reminders.all()) found.set(task_id, reminders);
      if (changes !== this.#changes) return void this.#readAt.delete(space); // they may have been read before a change here
      this.#ofSpaces.set(space, found);
      this.page.update();
    } catch {
      this.#readAt.delete(space); // tried again
    }
  }

  #keep(space: string, task: string, reminders: OwnReminders): void {
    this.#changes += 1;
    const known = this.#ofSpaces.get(space) ?? new Map<string, OwnReminders>();
    this.#ofSpaces.set(space, known.set(task, reminders));
    this.page.update();
  }
}

/** Closes the notifications of reminders, or those of a space: they have titles of tasks that are not to stay here. */
export async function closeNotifications(space?: string): Promise<void> {
  const worker = await navigator.serviceWorker?.getRegistration();
  for (const one of (await worker?.getNotifications()) ?? []) {
    if (space === undefined || spaceOf(one) === space) one.close();
  }
}

function addressOf(task: string, space: string | undefined): string {
  const view = { name: "all", ...(space !== undefined && { space }) } as const;
  return formatRoute({ view, search: "", filters: {}, sort: "manual", task });
}

function spaceOf({ data }: Notification): string | undefined {
  return parseRoute(String(data).replace("/", "")).view.space;
}
