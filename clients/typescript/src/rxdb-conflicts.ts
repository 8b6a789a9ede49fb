import type { RxConflictHandler, RxConflictHandlerInput, WithDeleted } from "rxdb";
import { changedSince, isSame, writableFields } from "./documents.js";
import { isEqual } from "./store/patch.js";
import type { Fields } from "./store/records.js";

/**
 * Resolves the conflicts of a collection, field by field: what only this device has changed is kept, what another
 * device has changed too is as the service has it. `conflict$` of the replication reports each, with both states.
 */
export const conflictHandler: RxConflictHandler<object> = {
  isEqual(one, other) {
    if (one._deleted || other._deleted) return one._deleted === other._deleted;
    return isEqual(replicated(one), replicated(other));
  },

  resolve({ assumedMasterState, newDocumentState, realMasterState }: RxConflictHandlerInput<object>) {
    return Promise.resolve(merged(assumedMasterState, newDocumentState, realMasterState));
  },
};

function merged(
  base: WithDeleted<object> | undefined,
  mine: WithDeleted<object>,
  theirs: WithDeleted<object>,
): WithDeleted<object> {
  if (theirs._deleted) return theirs;
  const [before, here, there] = [base, mine, theirs] as unknown as [Fields | undefined, Fields, Fields];
  const changedThere = before === undefined ? [] : changedSince(before, there);
  if (mine._deleted) return before !== undefined && changedThere.length === 0 ? { ...theirs, _deleted: true } : theirs;
  const result: Record<string, unknown> = { ...theirs };
  for (const name of writableFields(before, here)) {
    if (isSame(before?.[name], here[name]) || changedThere.includes(name)) continue;
    if (here[name] === undefined) delete result[name];
    else result[name] = here[name];
  }
  return result as WithDeleted<object>;
}

/** Returns the fields of a document that are replicated. */
function replicated(document: object): Fields {
  return Object.fromEntries(Object.entries(document).filter(([name]) => !["_attachments", "_meta", "_rev"].includes(name)));
}
