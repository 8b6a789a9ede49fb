export { IndexedDBStorage } from "./indexeddb.js";
export { Stores, type LostSpace, type StoresOptions } from "./stores.js";
export type { Conflict, Fields, Kind, Stored, Write } from "./records.js";
export { MemoryStorage, type Key, type Storage, type Table, type Transaction } from "./storage.js";
export { LocalObjects, LocalTasks } from "./objects.js";
export { RoleError, StoreClearedError } from "./owner.js";
export { Store, type StoreOptions } from "./store.js";
export type { SyncState } from "./sync.js";
