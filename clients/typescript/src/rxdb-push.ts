import type { Taskward } from "./client.js";
import { difference } from "./documents.js";
import { deleted } from "./rxdb-pull.js";
import { isEqual } from "./store/patch.js";
import type { Fields } from "./store/records.js";
import type { BatchOperation, BatchResult, FailedResult } from "./types.js";

export interface Document {
  id: string;
  _deleted: boolean;
  etag?: string;
  parent_id?: string;
}

interface Row {
  assumedMasterState?: Document;
  newDocumentState: Document;
}

/** A write that the service refuses, with the reason. */
export interface Rejection {
  document: Fields;
  error: { code: string; message: string; details: FailedResult["details"] };
}

interface Target {
  client: Taskward;
  kind: "task" | "list";
  contents: "keep" | "delete" | undefined;
  find: (id: string) => Promise<unknown>;
  onRejected: (rejection: Rejection) => void;
}

/** Sends the rows; returns the state of the service where it is another one than was assumed. */
export async function pushed(target: Target, rows: Row[]): Promise<Document[]> {
  const ordered = await withNewParents(target, rows);
  const sent = ordered.flatMap((row) => {
    const operation = operationOf(target, row);
    return operation === undefined ? [] : [{ row, operation }];
  });
  if (sent.length === 0) return [];
  const results = await target.client.batch(sent.map(({ operation }) => operation));
  return sent.flatMap(({ row }, n) => conflictOf(target, row, results[n] as BatchResult) ?? []);
}

/** Puts parents before their children. One that is new and not among the rows is sent along; it may be sent again. */
async function withNewParents(target: Target, rows: Row[]): Promise<Row[]> {
  const byId = new Map(rows.map((row) => [row.newDocumentState.id, row]));
  const ordered = new Map<string, Row>();
  const add = async (row: Row): Promise<void> => {
    const { id, parent_id, _deleted } = row.newDocumentState;
    if (ordered.has(id)) return;
    if (parent_id !== undefined && !_deleted) {
      const parent = byId.get(parent_id) ?? (await newParent(target, parent_id));
      if (parent !== undefined) await add(parent);
    }
    ordered.set(id, row);
  };
  for (const row of rows) await add(row);
  return [...ordered.values()];
}

async function newParent({ find }: Target, id: string): Promise<Row | undefined> {
  const parent = (await find(id)) as Document | undefined;
  return parent === undefined || parent.etag !== undefined ? undefined : { newDocumentState: { ...parent, _deleted: false } };
}

/** Returns what makes the new state of the assumed one; undefined if there is nothing to do. */
function operationOf({ kind, contents }: Target, { assumedMasterState: known, newDocumentState: next }: Row) {
  const { id } = next;
  const matched = known?.etag === undefined ? {} : { if_match: known.etag };
  if (next._deleted) {
    if (known === undefined || known._deleted) return undefined; // the service has never had it, or not any more
    return { op: "delete", kind, id, ...matched, ...(contents && { tasks: contents }) } as BatchOperation;
  }
  const body = difference(known as unknown as Fields, next as unknown as Fields);
  if (known === undefined) return { op: "create", kind, id, [kind]: body } as unknown as BatchOperation;
  return Object.keys(body).length === 0 ? undefined : ({ op: "update", kind, id, ...matched, [kind]: body } as unknown as BatchOperation);
}

function conflictOf(target: Target, row: Row, result: BatchResult): Document | undefined {
  if (!("error" in result)) return undefined;
  const { assumedMasterState: known, newDocumentState: next } = row;
  const current = result.task ?? result.list;
  if (result.status === 412 && current !== undefined) {
    const document = { ...current, ...(result.etag !== undefined && { etag: result.etag }), _deleted: false };
    return known === undefined && isCreated(document, next) ? undefined : document;
  }
  if (result.status === 404 && next._deleted) return undefined;
  if (result.status === 410 || (result.status === 404 && known !== undefined)) return deleted(next.id);
  const { code, error: message, details } = result;
  target.onRejected({ document: next as unknown as Fields, error: { code, message, details } });
  return known ?? deleted(next.id);
}

/** Returns whether a creation at an id that exists has nothing to add: an earlier attempt has succeeded. */
function isCreated(current: Fields | Document, next: Document): boolean {
  return isEqual(difference(current as Fields, { ...(current as Fields), ...next } as Fields), {});
}
