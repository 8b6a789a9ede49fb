import type { Outcome } from "./outcome.js";
import { checkUser } from "./owner.js";
import { touched } from "./patch.js";
import { isAsNew, keyOf, type Conflict, type Stored, type Value, type Write } from "./records.js";
import type { Transaction } from "./storage.js";
import { written } from "./view.js";

/** Applies the outcome of one write that was sent. */
export async function settleOne(transaction: Transaction, write: Write, outcome: Outcome): Promise<void> {
  const { batch, ...unsent } = write;
  if (write.undone && outcome.type !== "done") return transaction.delete("writes", write.seq);
  if (outcome.type === "retry") return transaction.put("writes", write.seq, { ...unsent, ifMatch: outcome.etag });
  const stored = await transaction.get<Stored>("objects", keyOf(write.kind, write.id));
  const queue = await transaction.getAll<Write>("writes");
  const same = queue.filter(({ kind, id }) => kind === write.kind && id === write.id);
  const next = same.find(({ seq }) => seq > write.seq);
  const etag = outcome.type === "done" ? outcome.etag : write.ifMatch;
  if (next !== undefined && etag !== undefined) transaction.put("writes", next.seq, { ...next, ifMatch: etag });
  const isShown = stored !== undefined || same.some(({ seq, result }) => seq < write.seq && result !== undefined);
  if (outcome.type === "done" && (write.undone || !hasArrived(write, stored, outcome.value, isShown))) {
    if (outcome.value !== undefined) await checkUser(transaction, [outcome.value]);
    const { type, ...result } = { ...outcome, at: Date.now() };
    return transaction.put("writes", write.seq, { ...write, result });
  }
  transaction.delete("writes", write.seq);
  if (outcome.type === "done") return;
  const { reason, error, current } = outcome;
  const conflict: Conflict = { id: write.seq, reason, write, mine: written(write), error, ...(current && { current }) };
  transaction.put("conflicts", write.seq, conflict);
}

/** Returns whether the feed has delivered the effect of a write, or a later state. A deletion hides what is shown until then. */
function hasArrived(write: Write, stored: Stored | undefined, value: Value | undefined, isShown: boolean): boolean {
  if (value === undefined) return !isShown;
  return write.deleted === true || (stored !== undefined && isAsNew(stored.value, value));
}

/**
 * Turns all writes that the service has not confirmed into conflicts, and deletes what the service had sent from those that
 * are there: of an update the object is not kept, only its changes.
 */
export async function putAside(transaction: Transaction, error: Conflict["error"]): Promise<void> {
  const known = await transaction.getAll<Conflict>("conflicts");
  const writes = await transaction.getAll<Write>("writes");
  const unsent = writes.filter(({ result, undone }) => result === undefined && !undone);
  for (const write of [...known.map((conflict) => conflict.write), ...unsent]) {
    const { seq, kind, op, id, body, contents, to } = write;
    const bare: Write = { seq, kind, op, id, body, base: {}, ...(contents && { contents }), ...(to && { to }) };
    const conflict: Conflict = { id: seq, reason: "removed", write: bare, mine: written(bare), error };
    transaction.put("conflicts", seq, conflict);
  }
  transaction.clear("writes");
}

/** Queues the write of a conflict for the newest state of its object that is known. */
export async function queueAgain(transaction: Transaction, { write, current }: Conflict): Promise<void> {
  const { batch: _, deleted: __, ...unsent } = write;
  const stored = await transaction.get<Stored>("objects", keyOf(write.kind, write.id));
  const newest = stored && current && isAsNew(current.value, stored.value) ? current : (stored ?? current);
  const known = newest && { ifMatch: newest.etag, base: touched(newest.value, write.body), before: newest.value };
  const seq = await nextNumber(transaction);
  transaction.put("writes", seq, { ...unsent, ...(write.op !== "create" && known), seq } satisfies Write);
}

/** Returns the number of a new write. */
export async function nextNumber(transaction: Transaction): Promise<number> {
  const number = ((await transaction.get<number>("meta", "number")) ?? 0) + 1;
  transaction.put("meta", "number", number);
  return number;
}
