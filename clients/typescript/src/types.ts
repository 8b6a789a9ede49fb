import type { components, operations } from "./schema.js";

type Schemas = components["schemas"];
type Query<Operation extends keyof operations> = NonNullable<operations[Operation]["parameters"]["query"]>;

export type Task = Schemas["Task"];
export type NewTask = Schemas["NewTask"];
export type TaskChanges = Schemas["TaskChanges"];
export type TaskDate = Schemas["TaskDate"];
export type TaskPriority = Schemas["TaskPriority"];
export type TaskPage = Schemas["TaskList"];
export type TaskQuery = Query<"listTasks">;
export type TaskSummary = Schemas["TaskSummary"];
export type TrashPage = Schemas["TrashList"];
export type TrashedTask = Schemas["TrashedTask"];
export type TrashQuery = Query<"listTrash">;
export type Purged = Schemas["TaskPurged"];
export type AccessToken = Schemas["Token"];
export type NewAccessToken = Schemas["NewToken"];
export type CreatedAccessToken = Schemas["CreatedToken"];
export type Revoked = Schemas["TokenRevoked"];
export type List = Schemas["List"];
export type NewList = Schemas["NewList"];
export type ListChanges = Schemas["ListChanges"];
export type LabelPage = Schemas["LabelList"];
export type LabelQuery = Query<"listLabels">;
export type User = Schemas["User"];
export type UserChanges = Schemas["UserChanges"];
export type Export = Schemas["Export"];
export type Import = Schemas["Import"];
export type Imported = Schemas["Imported"];
export type Deleted = Schemas["TaskDeleted"] | Schemas["ListDeleted"];
/** `"task" in change`, `"list" in change` and `"kind" in change` (a deleted list) tell which one it is. */
export type Change = ChangePage["changes"][number];
export type TaskUpsert = Schemas["TaskUpsert"];
export type ListUpsert = Schemas["ListUpsert"];
export type TaskDeletion = Schemas["TaskDeletion"];
export type ListDeletion = Schemas["ListDeletion"];
export type ChangePage = Schemas["ChangeList"];
export type BatchOperation = Schemas["MixedBatch"]["operations"][number];
export type BatchResult = Schemas["MixedBatchResults"]["results"][number];
export type MismatchedResult = Schemas["MismatchedResult"] | Schemas["MismatchedListResult"];
export type FailedResult = Schemas["FailedResult"];
export type BrokenField = Schemas["BrokenField"];
export type ErrorBody = Schemas["Error"] | Schemas["TaskExists"] | Schemas["ListExists"];

/** A task with its entity tag, which `ifMatch` takes. */
export interface TaggedTask {
  task: Task;
  etag: string;
}

/** A list with its entity tag, which `ifMatch` takes. */
export interface TaggedList {
  list: List;
  etag: string;
}

/** What becomes of the subtasks of a deleted task. With `to: "trash"` what is deleted can be restored. */
export interface TaskDeletionOptions {
  subtasks?: "delete" | "keep";
  to?: "trash";
}

/** What becomes of the tasks of a deleted list. A list is not restored, so only tasks that are deleted go into the trash. */
export type ListDeletionOptions = { tasks?: "delete" | "keep"; to?: never } | { tasks: "delete"; to?: "trash" };

/** Which objects a feed has. */
export type Kinds = "tasks" | "lists" | "tasks,lists";
