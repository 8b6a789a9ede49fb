import type { Taskward } from "./client.js";
import { changedSince, difference } from "./documents.js";
import { ApiError } from "./errors.js";
import { deleted } from "./rxdb-pull.js";
import { isEqual } from "./store/patch.js";
import type { Fields } from "./store/records.js";
import type { BatchOperation, BatchResult, Comment, FailedResult, List, MismatchedResult, Task } from "./types.js";

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
  /** The tags of what was sent, by id. */
  tags: Map<string, SentTag>;
}

/** The tag that a document has got by being sent. RxDB gets it later, by an event. */
export interface SentTag {
  etag: string;
  /** The tag that it replaces. */
  previous: string | undefined;
}

/** Sends the rows; returns the current state of those whose assumed state is outdated. */
export async function pushed(target: Target, rows: Row[]): Promise<Document[]> {
  const ordered = await withNewParents(target, rows);
  const conflicts: Document[] = [];
  const sent: { row: Row; operation: BatchOperation }[] = [];
  for (const row of ordered) {
    const operation = operationOf(target, row);
    if (operation === undefined) continue;
    const { etag, current } = await assumedTag(target, row);
    if (current !== undefined) conflicts.push(current);
    else sent.push({ row, operation: { ...operation, ...(etag !== undefined && { if_match: etag }) } });
  }
  if (sent.length === 0) return conflicts;
  const results = await target.client.batch(sent.map(({ operation }) => operation));
  for (const [n, { row }] of sent.entries()) rememberTag(target, row, results[n] as BatchResult);
  return [...conflicts, ...sent.flatMap(({ row }, n) => conflictOf(target, row, results[n] as BatchResult) ?? [])];
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

/**
 * Returns the tag of the assumed state. One that was sent before a reload has none until an event brings it: it has that
 * of the service, or if the service has another state, that is the current one.
 */
async function assumedTag(target: Target, { assumedMasterState: known }: Row): Promise<{ etag?: string; current?: Document }> {
  if (known === undefined || known._deleted) return {};
  const sent = target.tags.get(known.id);
  const etag = sent !== undefined && sent.previous === known.etag ? sent.etag : known.etag;
  if (etag !== undefined) return { etag };
  const current = await read(target, known.id);
  const isAssumed = !current._deleted && changedSince(known as unknown as Fields, current as unknown as Fields).length === 0;
  return isAssumed && current.etag !== undefined ? { etag: current.etag } : { current };
}

/** Returns what the service has. */
async function read({ client, kind }: Target, id: string): Promise<Document> {
  try {
    const found = kind === "task" ? await client.tasks.get(id) : await client.lists.get(id);
    const value = "task" in found ? found.task : found.list;
    return { ...value, etag: found.etag, _deleted: false };
  } catch (error) {
    if (error instanceof ApiError && error.isOfService && (error.status === 404 || error.status === 410)) return deleted(id);
    throw error;
  }
}

function rememberTag({ tags }: Target, { assumedMasterState: known, newDocumentState: { id } }: Row, result: BatchResult): void {
  if ("error" in result || !("etag" in result)) tags.delete(id);
  else tags.set(id, { etag: result.etag, previous: known?.etag });
}

/** Returns the operation that turns the assumed state into the new one; undefined if there is nothing to do. */
function operationOf({ kind, contents }: Target, { assumedMasterState: known, newDocumentState: next }: Row): BatchOperation | undefined {
  const { id } = next;
  if (next._deleted) {
    if (known === undefined || known._deleted) return undefined; // the service has never had it, or not any more
    return { op: "delete", kind, id, ...(contents && { tasks: contents }) } as BatchOperation;
  }
  const body = difference(known as unknown as Fields, next as unknown as Fields);
  if (known === undefined) return { op: "create", kind, id, [kind]: body } as unknown as BatchOperation;
  return Object.keys(body).length === 0 ? undefined : ({ op: "update", kind, id, [kind]: body } as unknown as BatchOperation);
}

function conflictOf(target: Target, row: Row, result: BatchResult): Document | undefined {
  if (!("error" in result)) return undefined;
  const { assumedMasterState: known, newDocumentState: next } = row;
  if ("etag" in result) {
    const document = { ...valueOf(result), etag: result.etag, _deleted: false };
    return known === undefined && isCreated(document, next) ? undefined : document;
  }
  if (result.status === 404 && next._deleted) return undefined;
  if (result.status === 410 || (result.status === 404 && known !== undefined)) return deleted(next.id);
  const { code, error: message, details } = result;
  target.onRejected({ document: next as unknown as Fields, error: { code, message, details } });
  return known ?? deleted(next.id);
}

function valueOf(result: MismatchedResult): Task | List | Comment {
  if ("task" in result) return result.task;
  return "list" in result ? result.list : result.comment;
}

/** Returns whether a creation at an id that exists has nothing to add: an earlier attempt has succeeded. */
function isCreated(current: Fields | Document, next: Document): boolean {
  return isEqual(difference(current as Fields, { ...(current as Fields), ...next } as Fields), {});
}
