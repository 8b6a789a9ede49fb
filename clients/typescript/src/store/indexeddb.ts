import type { Key, Storage, Table, Transaction } from "./storage.js";

const TABLES: Table[] = ["objects", "writes", "conflicts", "meta"];

/** A storage in IndexedDB, which the tabs of the browser share. */
export class IndexedDBStorage implements Storage {
  private constructor(private readonly database: IDBDatabase) {}

  /** Opens the database of that name; it has the data of one user, so the name identifies the user. */
  static async open(name: string): Promise<IndexedDBStorage> {
    const opening = indexedDB.open(name, 1);
    opening.onupgradeneeded = () => {
      for (const table of TABLES) opening.result.createObjectStore(table);
    };
    const database = await result(opening);
    database.onversionchange = () => database.close(); // another tab deletes it
    return new IndexedDBStorage(database);
  }

  async transaction<Result>(work: (transaction: Transaction) => Promise<Result>): Promise<Result> {
    const transaction = this.database.transaction(TABLES, "readwrite", { durability: "strict" });
    const committed = new Promise<void>((resolve, reject) => {
      transaction.oncomplete = () => resolve();
      transaction.onabort = () => reject(transaction.error ?? new Error("The transaction was aborted"));
    });
    committed.catch(() => undefined); // the error of `work` comes first
    try {
      const done = await work(new IndexedDBTransaction(transaction));
      await committed;
      return done;
    } catch (error) {
      try {
        transaction.abort();
      } catch {
        // It has ended already.
      }
      throw error;
    }
  }

  close(): void {
    this.database.close();
  }
}

class IndexedDBTransaction implements Transaction {
  constructor(private readonly transaction: IDBTransaction) {}

  get<Value>(table: Table, key: Key): Promise<Value | undefined> {
    return result(this.transaction.objectStore(table).get(key) as IDBRequest<Value | undefined>);
  }

  getAll<Value>(table: Table): Promise<Value[]> {
    return result(this.transaction.objectStore(table).getAll() as IDBRequest<Value[]>);
  }

  put(table: Table, key: Key, value: unknown): void {
    this.transaction.objectStore(table).put(value, key);
  }

  delete(table: Table, key: Key): void {
    this.transaction.objectStore(table).delete(key);
  }

  clear(table: Table): void {
    this.transaction.objectStore(table).clear();
  }
}

function result<Value>(request: IDBRequest<Value>): Promise<Value> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error ?? new Error("The request of the database failed"));
  });
}
