import type { Store } from "@taskward/client/store";
import { parseRoute } from "./route.js";

interface Draft {
  value: string;
  /** The stored value when the draft was begun. */
  base: string;
}

/** What the drafts need of the page. */
interface Shown {
  readonly allStores: ReadonlyMap<string | undefined, Store>;
}

const STORED = "taskward.drafts";

/**
 * Texts that are being edited. A change by another device does not overwrite them, and a reload or a sign-in in this tab
 * does not lose them.
 */
export class Drafts {
  readonly #drafts = new Map<string, Draft>(JSON.parse(sessionStorage.getItem(STORED) ?? "[]") as [string, Draft][]);

  constructor(private readonly page: Shown) {}

  /** Removes what is stored. */
  static forget(): void {
    sessionStorage.removeItem(STORED);
  }

  /** Whether a text is not as it was before it was edited. Those of what was deleted do not count: no field can end them. */
  get haveChanges(): boolean {
    return [...this.#drafts].some(([field, { value, base }]) => value !== base && this.#isThere(field));
  }

  /** Returns what a field shows. */
  value(field: string, stored: string): string {
    return this.#drafts.get(field)?.value ?? stored;
  }

  /** Returns the value that another device has stored since the draft was begun, or undefined. */
  newerValue(field: string, stored: string): string | undefined {
    const draft = this.#drafts.get(field);
    return draft !== undefined && draft.base !== stored && draft.value !== stored ? stored : undefined;
  }

  set(field: string, value: string, stored: string): void {
    this.#drafts.set(field, { value, base: this.#drafts.get(field)?.base ?? stored });
    this.#store();
  }

  /** Ends a draft and returns it; undefined if there is none. */
  end(field: string): string | undefined {
    const draft = this.#drafts.get(field);
    if (this.#drafts.delete(field)) this.#store();
    return draft?.value;
  }

  /** Returns whether a field can be shown. Its name begins with the id of its task, or with the address of its view. */
  #isThere(field: string): boolean {
    const { allStores } = this.page;
    const [of = ""] = field.split(" ");
    if (!of.startsWith("#")) return [...allStores.values()].some(({ tasks }) => tasks.get(of) !== undefined);
    const { view } = parseRoute(of);
    const store = allStores.get(view.space);
    return store !== undefined && (view.name !== "list" || store.lists.get(view.id) !== undefined);
  }

  #store(): void {
    if (this.#drafts.size === 0) Drafts.forget();
    else sessionStorage.setItem(STORED, JSON.stringify([...this.#drafts]));
  }
}
