export type Table = "objects" | "writes" | "conflicts" | "meta";
export type Key = string | number;

/** One transaction. Its reads see its own writes. */
export interface Transaction {
  get<Value>(table: Table, key: Key): Promise<Value | undefined>;
  /** Returns all values, in the order of their keys. */
  getAll<Value>(table: Table): Promise<Value[]>;
  put(table: Table, key: Key, value: unknown): void;
  delete(table: Table, key: Key): void;
  clear(table: Table): void;
}

/** The storage of a store. Several stores, in several tabs, may share one. */
export interface Storage {
  /**
   * Runs `work` in a transaction: all of its writes are stored, or if it throws none. Transactions on the same data
   * run one after the other, in all tabs. `work` must wait for nothing but the transaction.
   */
  transaction<Result>(work: (transaction: Transaction) => Promise<Result>): Promise<Result>;
  close(): void;
}

/** A storage in memory. Its data is lost when the program ends. */
export class MemoryStorage implements Storage {
  #tables: Tables = emptyTables();
  #last: Promise<unknown> = Promise.resolve();

  transaction<Result>(work: (transaction: Transaction) => Promise<Result>): Promise<Result> {
    const run = this.#last.then(async () => {
      const copy: Tables = emptyTables();
      for (const [name, table] of Object.entries(this.#tables)) copy[name as Table] = new Map(table);
      const result = await work(new MemoryTransaction(copy));
      this.#tables = copy;
      return result;
    });
    this.#last = run.catch(() => undefined);
    return run;
  }

  close(): void {}
}

type Tables = Record<Table, Map<Key, unknown>>;

function emptyTables(): Tables {
  return { objects: new Map(), writes: new Map(), conflicts: new Map(), meta: new Map() };
}

class MemoryTransaction implements Transaction {
  constructor(private readonly tables: Tables) {}

  get<Value>(table: Table, key: Key): Promise<Value | undefined> {
    return Promise.resolve(this.tables[table].get(key) as Value | undefined);
  }

  getAll<Value>(table: Table): Promise<Value[]> {
    const entries = [...this.tables[table]].sort(([a], [b]) => (a < b ? -1 : 1));
    return Promise.resolve(entries.map(([, value]) => value as Value));
  }

  put(table: Table, key: Key, value: unknown): void {
    this.tables[table].set(key, structuredClone(value));
  }

  delete(table: Table, key: Key): void {
    this.tables[table].delete(key);
  }

  clear(table: Table): void {
    this.tables[table].clear();
  }
}
