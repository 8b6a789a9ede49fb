import { NetworkError, type Owner, type TrashedTask } from "@taskward/client";
import type { Conflict } from "@taskward/client/store";

const PAGE = 100;
/** Milliseconds from the end of one reading to the next, however often something changes. */
const PAUSE = 1000;

/** What the trash needs of the page. */
interface Shown {
  readonly client: Owner;
  current: string | undefined;
  update(): void;
}

/** The trash of the service. Nothing of it is stored on this device. */
export class Trash {
  /** The newest deletions; undefined until they were read. */
  tasks: readonly TrashedTask[] | undefined;
  /** Whether there are more than those. */
  hasMore = false;
  /** Why the last reading has failed. */
  problem: string | undefined;
  /** Whether the service has refused to put a task into the trash, because it has none. */
  isOff = false;
  #limit = PAGE;
  #isReading = false;
  #isOutdated = false;
  #removals = 0;

  constructor(private readonly page: Shown) {}

  /** Reads the trash, once more if this is called meanwhile. */
  async read(): Promise<void> {
    this.#isOutdated = true;
    if (this.#isReading) return;
    this.#isReading = true;
    while (this.#isOutdated) {
      this.#isOutdated = false;
      await this.#readOnce();
      this.page.update();
      await new Promise((resolve) => setTimeout(resolve, PAUSE));
    }
    this.#isReading = false;
  }

  /** Forgets what was read, which is of another owner than the one that is shown, or of a space that the user is not in any more. */
  forget(): void {
    this.#removals += 1;
    this.tasks = this.problem = undefined;
    this.hasMore = false;
    this.#limit = PAGE;
  }

  /** Shows more of the trash. */
  readMore(): void {
    this.#limit += PAGE;
    void this.read();
  }

  /** Returns the tasks that were deleted with a task, of those that were read. */
  takenAlongWith(id: string): TrashedTask[] {
    return (this.tasks ?? []).filter(({ deleted_with }) => deleted_with === id);
  }

  /** Removes a task, which is not in the trash any more, and those that were deleted with it; without an id all. */
  remove(id?: string): void {
    this.#removals += 1;
    const isGone = ({ task, deleted_with }: TrashedTask) => id === undefined || task.id === id || deleted_with === id;
    this.#replace((this.tasks ?? []).filter((one) => !isGone(one)));
    this.page.update();
  }

  async #readOnce(): Promise<void> {
    const removals = this.#removals;
    try {
      const found: TrashedTask[] = [];
      for await (const one of this.page.client.trash.all({ limit: Math.min(this.#limit + 1, 1000) })) {
        if (found.push(one) > this.#limit) break;
      }
      if (removals !== this.#removals) return; // it may have been read before
      this.hasMore = found.length > this.#limit;
      this.#replace(found.slice(0, this.#limit));
      this.problem = undefined;
    } catch (error) {
      if (removals === this.#removals) this.problem = problemOf(error);
    }
  }

  /** If the current row is not there any more, the one in its place becomes current. */
  #replace(tasks: readonly TrashedTask[]): void {
    const before = this.tasks ?? [];
    const ids = new Set(tasks.map(({ task }) => task.id));
    const at = before.findIndex(({ task }) => task.id === this.page.current);
    const isThere = ({ task }: TrashedTask) => ids.has(task.id);
    if (at !== -1) this.page.current = (before.slice(at).find(isThere) ?? before.slice(0, at).findLast(isThere))?.task.id;
    if (tasks.length > 0) this.isOff = false;
    this.tasks = tasks;
  }
}

/** Returns whether the service has refused to put tasks into the trash, because it has none. */
export function isRefusal({ write, error }: Conflict): boolean {
  return write.to === "trash" && error.details.some(({ field }) => field === "to");
}

function problemOf(error: unknown): string {
  if (error instanceof NetworkError) return "The trash needs the network.";
  return `The trash could not be read: ${error instanceof Error ? error.message : String(error)}.`;
}
