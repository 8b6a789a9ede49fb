interface Draft {
  value: string;
  /** The stored value when the draft was begun. */
  base: string;
}

const STORED = "taskward.drafts";

/**
 * Texts that are being edited. A change by another device does not overwrite them, and a reload or a sign-in in this tab
 * does not lose them.
 */
export class Drafts {
  readonly #drafts = new Map<string, Draft>(JSON.parse(sessionStorage.getItem(STORED) ?? "[]") as [string, Draft][]);

  /** Removes what is stored. */
  static forget(): void {
    sessionStorage.removeItem(STORED);
  }

  /** Whether a text is not as it was before it was edited. */
  get haveChanges(): boolean {
    return [...this.#drafts.values()].some(({ value, base }) => value !== base);
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

  #store(): void {
    if (this.#drafts.size === 0) Drafts.forget();
    else sessionStorage.setItem(STORED, JSON.stringify([...this.#drafts]));
  }
}
