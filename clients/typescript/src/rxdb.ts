import { getLastCheckpointDoc, setCheckpoint } from "rxdb/plugins/core";
import { replicateRxCollection, type RxReplicationState } from "rxdb/plugins/replication";
import { Observable } from "rxjs";
import type { RxCollection, RxJsonSchema } from "rxdb";
import type { Taskward } from "./client.js";
import { OtherUserError } from "./errors.js";
import { checkpointed, type Checkpoint } from "./rxdb-pull.js";
import { LIST_PROPERTIES, TASK_PROPERTIES } from "./rxdb-properties.js";
import { pushed, type Rejection, type SentTag } from "./rxdb-push.js";
import type { List, Task } from "./types.js";

export { conflictHandler } from "./rxdb-conflicts.js";
export type { Rejection } from "./rxdb-push.js";

/** A task in a collection. A new one needs an id, which `uuid7` makes, and a title; the service adds the rest. */
export type TaskDocument = Pick<Task, "id" | "title"> & Partial<Omit<Task, "id" | "title">> & { etag?: string };
/** A list in a collection. */
export type ListDocument = Pick<List, "id" | "title"> & Partial<Omit<List, "id" | "title">> & { etag?: string };

export interface ReplicationOptions {
  client: Taskward;
  tasks: RxCollection<TaskDocument>;
  lists?: RxCollection<ListDocument>;
  /** What becomes of the tasks of a list that is deleted; `keep` if it is not given. */
  tasksOfDeletedLists?: "keep" | "delete";
  /** Is called for each write that the service refuses. It is undone in the collection. */
  onRejected?: (rejection: Rejection) => void;
  /** Names the replication; needed if a database replicates with several services. It does not separate users. */
  identifier?: string;
  /** Milliseconds after which a failed request is tried again; 5000 if it is not given. */
  retryTime?: number;
}

export interface Replication {
  tasks: RxReplicationState<TaskDocument, Checkpoint>;
  lists?: RxReplicationState<ListDocument, Checkpoint>;
}

/** Replicates collections with the service, in both directions, until they are cancelled. */
export function replicateTaskward(options: ReplicationOptions): Replication {
  const lists = options.lists && replicate(options.lists, "list", options, () => Promise.resolve());
  // A task refers to its list, which is sent first.
  const ready = async () => void (await lists?.awaitInSync());
  const tasks = replicate(options.tasks, "task", options, ready);
  return { tasks, ...(lists && { lists }) };
}

function replicate<Document extends TaskDocument | ListDocument>(
  collection: RxCollection<Document>,
  kind: "task" | "list",
  options: ReplicationOptions,
  ready: () => Promise<void>,
): RxReplicationState<Document, Checkpoint> {
  const { client, identifier = "taskward", retryTime, onRejected = () => undefined } = options;
  const pull = checkpointed<Document>(client, kind, async () => (await collection.find().exec()).map((one) => one.toJSON()));
  const contents = kind === "list" ? (options.tasksOfDeletedLists ?? "keep") : undefined;
  const find = async (id: string) => (await collection.findOne(id).exec())?.toJSON();
  const target = { client, kind, contents, find, onRejected, tags: new Map<string, SentTag>() };
  const check = () => checkOwner(client, replication);
  const replication: RxReplicationState<Document, Checkpoint> = replicateRxCollection({
    collection,
    replicationIdentifier: `${identifier}-${kind}s`,
    ...(retryTime !== undefined && { retryTime }),
    pull: {
      batchSize: 500,
      handler: async (checkpoint, size) => {
        await check();
        return await pull.handler(checkpoint, size);
      },
      stream$: new Observable(pull.follow), // begins once there were pages
    },
    push: {
      batchSize: 20, // with up to four parents each, at most the 100 operations of a request
      handler: async (rows) => {
        pull.onPush();
        await check();
        await ready();
        return (await pushed(target, rows as never)) as never[];
      },
    },
  });
  return replication;
}

/**
 * Makes the user of the token the owner of a collection, or throws an OtherUserError. The owner is stored with the
 * checkpoint, which RxDB removes with the collection, and without a network: what is not sent yet has an owner, too.
 */
async function checkOwner<Document>(client: Taskward, replication: RxReplicationState<Document, Checkpoint>): Promise<void> {
  const owner = await client.identity();
  const state = replication.internalReplicationState;
  if (state === undefined) throw new TypeError("The replication has not started");
  const stored = await getLastCheckpointDoc<Document, Checkpoint>(state, "down");
  if (stored?.owner === undefined) await setCheckpoint(state, "down", { cursor: stored?.cursor, owner });
  else if (stored.owner !== owner) throw new OtherUserError("The collection belongs to another user");
}

/** What both kinds of documents have beside the fields of the service, or as RxDB needs it. */
const OWN = { id: { type: "string", maxLength: 36 }, etag: { type: "string" } };

/** The schema of a collection of tasks. */
export const taskSchema: RxJsonSchema<TaskDocument> = {
  version: 0,
  primaryKey: "id",
  type: "object",
  properties: { ...TASK_PROPERTIES, ...OWN } as RxJsonSchema<TaskDocument>["properties"],
  required: ["id", "title"],
};

/** The schema of a collection of lists. */
export const listSchema: RxJsonSchema<ListDocument> = {
  version: 0,
  primaryKey: "id",
  type: "object",
  properties: { ...LIST_PROPERTIES, ...OWN } as RxJsonSchema<ListDocument>["properties"],
  required: ["id", "title"],
};
