interface Draft {
  value: string;
  /** The stored value when the draft was begun. */
  base: string;
}

/** Texts that are being edited. A change by another device does not overwrite them. */
export class Drafts {
  readonly #drafts = new Map<string, Draft>();

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
  }

  /** Ends a draft and returns it; undefined if there is none. */
  end(field: string): string | undefined {
    const draft = this.#drafts.get(field);
    this.#drafts.delete(field);
    return draft?.value;
  }
}
