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
export type AgendaQuery = Query<"getAgenda">;
export type ActivityPage = Schemas["ActivityList"];
export type ActivityQuery = Query<"listSpaceActivity">;
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
export type Comment = Schemas["Comment"];
export type NewComment = Schemas["NewComment"];
export type CommentChanges = Schemas["CommentChanges"];
export type CommentPage = Schemas["CommentList"];
export type CommentQuery = Query<"listComments">;
export type CommentCount = Schemas["CommentCount"];
export type CommentCountPage = Schemas["CommentCounts"];
export type CommentDeleted = Schemas["CommentDeleted"];
export type User = Schemas["User"];
export type UserChanges = Schemas["UserChanges"];
export type Export = Schemas["Export"];
export type SpaceExport = Schemas["SpaceExport"];
export type Import = Schemas["Import"];
export type Imported = Schemas["Imported"];
export type Deleted = Schemas["TaskDeleted"] | Schemas["ListDeleted"];
/** `"task" in change`, `"list" in change` and `"kind" in change` (a deleted list) tell which one it is. */
export type Change = TaskUpsert | ListUpsert | TaskDeletion | ListDeletion;
/** A change of other kinds too: `"comment" in change`, `"member" in change`, `"space" in change`, `"membership" in change`. */
export type SharedChange = Schemas["ChangeList"]["changes"][number] | Schemas["SpaceChangeList"]["changes"][number];
/** The changes that a feed of these kinds has. */
export type ChangeOf<K extends FeedKinds> = K extends Kinds ? Change : SharedChange;
export type TaskUpsert = Schemas["TaskUpsert"];
export type ListUpsert = Schemas["ListUpsert"];
export type TaskDeletion = Schemas["TaskDeletion"];
export type ListDeletion = Schemas["ListDeletion"];
export interface ChangePage<One extends SharedChange = Change> {
  changes: One[];
  /** For the next request, whether more follows or not. */
  cursor: string;
  has_more: boolean;
}
export type Space = Schemas["Space"];
export type NewSpace = Schemas["NewSpace"];
export type SpaceChanges = Schemas["SpaceChanges"];
/** A space of the caller: with the caller as its member, and a state that changes with every change in it. */
export type SpaceOfMember = Schemas["SpaceOfMember"];
export type SpaceDeleted = Schemas["SpaceDeleted"];
export type Member = Schemas["Member"];
export type MemberChanges = Schemas["MemberChanges"];
export type MemberRemoved = Schemas["MemberRemoved"];
export type Move = Schemas["Move"];
export type Moved = Schemas["Moved"];
/** The reminders that the caller has for one task of a space. */
export type OwnReminders = Schemas["OwnReminders"]["reminders"];
export type RemindersOfTask = Schemas["RemindersOfTask"];
export type Role = NonNullable<Member["role"]>;
/** A space that the caller is in, in the caller's own feed. */
export type Membership = Schemas["Membership"];
export type Invitation = Schemas["Invitation"];
export type NewInvitation = Schemas["NewInvitation"];
export type CreatedInvitation = Schemas["CreatedInvitation"];
export type InvitationRevoked = Schemas["InvitationRevoked"];
export type Redeemed = Schemas["Redeemed"];
export type BatchOperation = Schemas["MixedBatch"]["operations"][number];
export type BatchResult = Schemas["MixedBatchResults"]["results"][number];
export type MismatchedResult = Schemas["MismatchedResult"] | Schemas["MismatchedListResult"] | Schemas["MismatchedCommentResult"];
export type FailedResult = Schemas["FailedResult"];
export type BrokenField = Schemas["BrokenField"];
export type ErrorBody = Schemas["Error"] | Schemas["TaskExists"] | Schemas["ListExists"] | Schemas["CommentExists"];

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

/** A comment with its entity tag, which `ifMatch` takes. */
export interface TaggedComment {
  comment: Comment;
  etag: string;
}

/** What becomes of the subtasks of a deleted task. With `to: "trash"` what is deleted can be restored. */
export interface TaskDeletionOptions {
  subtasks?: "delete" | "keep";
  to?: "trash";
}

/** What becomes of the tasks of a deleted list. A list is not restored, so only tasks that are deleted go into the trash. */
export type ListDeletionOptions = { tasks?: "delete" | "keep"; to?: never } | { tasks: "delete"; to?: "trash" };

/** A space with its entity tag, which `ifMatch` takes. */
export interface TaggedSpace {
  space: Space;
  etag: string;
}

/** A member with its entity tag, which `ifMatch` takes. */
export interface TaggedMember {
  member: Member;
  etag: string;
}

/** Which objects a feed has. */
export type Kinds = "tasks" | "lists" | "comments" | "tasks,lists" | "tasks,lists,comments";

/** Those of a person's feed, which has the spaces of that person, and those of a space's. */
export type FeedKinds =
  | Kinds
  | "spaces"
  | "tasks,lists,spaces"
  | "tasks,lists,comments,spaces"
  | "members"
  | "space"
  | "members,space"
  | "tasks,lists,members,space"
  | "tasks,lists,comments,members,space";
