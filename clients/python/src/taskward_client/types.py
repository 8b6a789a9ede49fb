"""The objects of the API, as TypedDicts.

`make clients` writes this file from the OpenAPI document; do not edit it. A key that is `NotRequired` is
absent where it has no value.
"""

from __future__ import annotations

from typing import Literal, NotRequired, TypeAlias, TypedDict, final

TaskPriority: TypeAlias = Literal["low", "medium", "high", "urgent"]


class ActivityEntry(TypedDict):
    """A change by a member: names of fields, never their values."""

    id: str
    at: str
    """RFC 3339, UTC."""
    actor_id: str | None
    """The member who did it."""
    action: Literal[
        "created",
        "updated",
        "completed",
        "reopened",
        "deleted",
        "trashed",
        "restored",
        "moved_in",
        "moved_out",
        "commented",
        "joined",
        "left",
        "removed",
        "role_changed",
        "renamed",
    ]
    task_id: NotRequired[str]
    """The task, or that of the comment."""
    list_id: NotRequired[str]
    comment_id: NotRequired[str]
    member_id: NotRequired[str]
    count: NotRequired[int]
    """The number of tasks that changed with a list or a label."""
    fields: NotRequired[list[str]]
    """The names of the fields that were given."""
    via: NotRequired[Literal["token", "service"]]
    """An access token of the member, or the app's back end for the member."""


class ActivityList(TypedDict):
    """A page of the activity of a space, newest first."""

    activity: list[ActivityEntry]
    next_cursor: str | None
    """For the next page; null when nothing follows."""


class Alive(TypedDict):
    """The process is alive."""

    status: Literal["healthy"]


class Batch(TypedDict):
    """The body of `POST /api/tasks/batch`."""

    operations: list[CreateOperation | UpdateOperation | DeleteOperation]
    atomic: NotRequired[bool]
    """All of them or none: with a failure among them, the others are 424. Without it: `false`."""


class BatchResults(TypedDict):
    """The results of a batch, in the order of its operations."""

    results: list[CreatedResult | UpdatedResult | DeletedResult | MismatchedResult | FailedResult]


class BrokenField(TypedDict):
    """The problem of one field."""

    field: str
    message: str


class ChangeList(TypedDict):
    """Changes, in the order in which they are to be applied."""

    changes: list[
        TaskUpsert
        | ListUpsert
        | CommentUpsert
        | MembershipUpsert
        | MembershipDeletion
        | CommentDeletion
        | ListDeletion
        | TaskDeletion
    ]
    cursor: str
    """For the next request, whether more follows or not."""
    has_more: bool


class Comment(TypedDict):
    """A comment on a task."""

    id: str
    user_id: str
    """The owner of the task."""
    task_id: str
    author_id: str | None
    """The member of the space who wrote it; null if private."""
    text: str
    mentions: NotRequired[list[str]]
    metadata: NotRequired[dict[str, str | float | bool]]
    """Values of the app's own, at most 4096 bytes as JSON."""
    created_at: str
    """RFC 3339, UTC; the millisecond of `id`."""
    updated_at: str
    """RFC 3339, UTC; moves forward with every successful update."""


class CommentChanges(TypedDict):
    """The body of `PUT /api/comments/{comment_id}`: the given fields change; at least one is required.
    Accepted and ignored: `id`, `user_id`, `author_id`, `created_at`, `updated_at`.
    """

    task_id: NotRequired[str]
    """That of the comment, which stays with its task."""
    text: NotRequired[str]
    """1-4000 characters (Unicode code points) after trimming white space."""
    mentions: NotRequired[list[str] | None]
    """Only in a space: the members whom it concerns; the app notifies them."""
    metadata: NotRequired[dict[str, str | float | bool | None] | None]
    """Values of the app's own, at most 4096 bytes as JSON. A null removes its key."""


class CommentCount(TypedDict):
    """The number of comments on a task, and when the newest one was made."""

    task_id: str
    comments: int
    last_at: str
    """RFC 3339, UTC."""


class CommentCounts(TypedDict):
    """A page of the tasks that have comments, by their ids."""

    counts: list[CommentCount]
    next_cursor: str | None
    """For the next page; null when nothing follows."""


class CommentDeleted(TypedDict):
    """The response to a deletion."""

    message: Literal["Comment deleted successfully"]
    id: str


@final
class CommentDeletion(TypedDict):
    """A deleted comment; only with `kinds`."""

    op: Literal["delete"]
    kind: Literal["comment"]
    id: str


@final
class CommentExists(TypedDict):
    """The error of a creation at an id that exists, with the comment that is there."""

    error: str
    """Text for people."""
    code: str
    """For programs."""
    comment: Comment
    etag: str
    """The entity tag of the comment that is there."""


class CommentList(TypedDict):
    """A page of comments."""

    comments: list[Comment]
    next_cursor: str | None
    """For the next page; null when nothing follows."""


@final
class CommentUpsert(TypedDict):
    """A comment that was created or changed, in its current state; only with `kinds`."""

    op: Literal["upsert"]
    comment: Comment
    etag: str
    """The entity tag of that state."""


class CreateComment(TypedDict):
    """Creates a comment, as `POST /api/comments` does, or `PUT /api/comments/{comment_id}` with `If-
    None-Match: *`.
    """

    op: Literal["create"]
    kind: Literal["comment"]
    id: NotRequired[str | None]
    """An id that the client has made: a UUIDv7. Without it, the service's own."""
    comment: NewComment


class CreateList(TypedDict):
    """Creates a list, as `POST /api/lists` does, or `PUT /api/lists/{list_id}` with `If-None-Match:
    *`.
    """

    op: Literal["create"]
    kind: Literal["list"]
    id: NotRequired[str | None]
    """An id that the client has made: a UUIDv7. Without it, the service's own."""
    list: NewList


@final
class CreateOperation(TypedDict):
    """Creates a task, as `POST /api/tasks` does, or `PUT /api/tasks/{task_id}` with `If-None-Match:
    *`.
    """

    op: Literal["create"]
    id: NotRequired[str | None]
    """An id that the client has made: a UUIDv7. Without it, the service's own."""
    task: NewTask


class CreateTask(TypedDict):
    """Creates a task, as `POST /api/tasks` does, or `PUT /api/tasks/{task_id}` with `If-None-Match:
    *`.
    """

    op: Literal["create"]
    id: NotRequired[str | None]
    """An id that the client has made: a UUIDv7. Without it, the service's own."""
    task: NewTask
    kind: NotRequired[Literal["task"]]
    """Without it: `'task'`."""


@final
class CreatedCommentResult(TypedDict):
    """The result of an operation that created a comment."""

    status: Literal[201]
    etag: str
    comment: Comment


class CreatedInvitation(TypedDict):
    """A new invitation with its secret, which is shown once."""

    id: str
    role: Literal["editor", "viewer"]
    uses: int
    used: int
    expires_at: str
    created_by: str | None
    created_at: str
    invitation: NotRequired[str]
    """The text to send to those who are invited; absent in a replayed response."""


@final
class CreatedListResult(TypedDict):
    """The result of an operation that created a list."""

    status: Literal[201]
    etag: str
    list: List


@final
class CreatedResult(TypedDict):
    """The result of an operation that created a task."""

    status: Literal[201]
    etag: str
    task: Task


class CreatedToken(TypedDict):
    """A new access token. The token itself is in this response only, and not in a repeated one."""

    id: str
    name: str
    access: Literal["read", "write"]
    """`read` allows GET and HEAD only."""
    spaces: NotRequired[list[str]]
    """The only spaces that it reaches; without it, all of the user's."""
    private: NotRequired[bool]
    """Whether it reaches the private tasks; without it, only a token without `spaces` does."""
    created_at: str
    """RFC 3339, UTC."""
    expires_at: str
    """RFC 3339, UTC."""
    last_used_at: NotRequired[str]
    """The hour of the last use."""
    token: NotRequired[str]
    """What a script sends as its bearer token."""


class DeleteComment(TypedDict):
    """Deletes a comment, as `DELETE /api/comments/{comment_id}` does."""

    op: Literal["delete"]
    kind: Literal["comment"]
    id: str
    if_match: NotRequired[str | None]
    """As the header `If-Match`."""


class DeleteList(TypedDict):
    """Deletes a list, as `DELETE /api/lists/{list_id}` does."""

    op: Literal["delete"]
    kind: Literal["list"]
    id: str
    if_match: NotRequired[str | None]
    """As the header `If-Match`."""
    to: NotRequired[Literal["trash"] | None]
    """`trash` puts what is deleted into the trash, from where it can be restored."""
    tasks: NotRequired[Literal["delete", "keep"] | None]


@final
class DeleteOperation(TypedDict):
    """Deletes a task, as `DELETE /api/tasks/{task_id}` does."""

    op: Literal["delete"]
    id: str
    if_match: NotRequired[str | None]
    """As the header `If-Match`."""
    to: NotRequired[Literal["trash"] | None]
    """`trash` puts what is deleted into the trash, from where it can be restored."""


class DeleteTask(TypedDict):
    """Deletes a task, as `DELETE /api/tasks/{task_id}` does."""

    op: Literal["delete"]
    id: str
    if_match: NotRequired[str | None]
    """As the header `If-Match`."""
    to: NotRequired[Literal["trash"] | None]
    """`trash` puts what is deleted into the trash, from where it can be restored."""
    kind: NotRequired[Literal["task"]]
    """Without it: `'task'`."""
    subtasks: NotRequired[Literal["delete", "keep"] | None]


@final
class DeletedCommentResult(TypedDict):
    """The result of an operation that deleted a comment."""

    message: Literal["Comment deleted successfully"]
    id: str
    status: Literal[200]


@final
class DeletedListResult(TypedDict):
    """The result of an operation that deleted a list."""

    message: Literal["List deleted successfully"]
    id: str
    status: Literal[200]


@final
class DeletedResult(TypedDict):
    """The result of an operation that deleted a task."""

    message: Literal["Task deleted successfully"]
    id: str
    status: Literal[200]


class Erased(TypedDict):
    """The response to an erasure."""

    message: Literal["All data deleted"]


@final
class Error(TypedDict):
    """Error."""

    error: str
    """Text for people."""
    code: str
    """For programs."""
    details: NotRequired[list[BrokenField]]
    """Present where fields can be named: all of them at once."""


class Export(TypedDict):
    """Everything that is stored about a user; `user` is null before their first write."""

    user: User | None
    lists: NotRequired[list[List]]
    tasks: list[Task]
    comments: NotRequired[list[Comment]]
    trash: NotRequired[list[TrashedTask]]
    tokens: NotRequired[list[Token]]
    spaces: NotRequired[list[OwnMembership]]


@final
class FailedResult(TypedDict):
    """The result of an operation that was not carried out: the error of its single form, or 424."""

    status: Literal[400, 404, 405, 409, 410, 412, 424]
    """412 only if the batch had made the object itself, and was not applied."""
    error: str
    code: str
    details: NotRequired[list[BrokenField]]
    """Present where fields can be named."""


class Import(TypedDict):
    """The body of `POST /api/me/import`: an export. Accepted and ignored: `user`, `trash`, `spaces`,
    `tokens`, `space`, `members`.
    """

    lists: NotRequired[list[ImportedList]]
    tasks: list[ImportedTask]
    comments: NotRequired[list[ImportedComment]]


class Imported(TypedDict):
    """The number of imported tasks, and of tasks that the caller already had."""

    imported: int
    skipped: int


class ImportedComment(TypedDict):
    """A comment of an export. Its owner and its author are ignored: they become the caller. Accepted
    and ignored: `user_id`, `author_id`, `mentions`.
    """

    id: str
    task_id: str
    text: str
    """1-4000 characters (Unicode code points) after trimming white space."""
    metadata: NotRequired[dict[str, str | float | bool | None] | None]
    """Values of the app's own, at most 4096 bytes as JSON. A null removes its key."""
    created_at: str
    updated_at: str


class ImportedList(TypedDict):
    """A list of an export. Its owner is ignored: it becomes the caller's. Accepted and ignored:
    `user_id`.
    """

    id: str
    title: str
    """1-200 characters (Unicode code points) after trimming white space."""
    created_at: str
    updated_at: str
    is_archived: NotRequired[bool]
    """Its tasks are untouched; `archived=false` leaves them out of a list. Without it: `false`."""
    position: NotRequired[str | PositionAfter | PositionBefore | PositionAtEnd | None]
    """A key, or where to place it; null: the default, by creation."""
    metadata: NotRequired[dict[str, str | float | bool | None] | None]
    """Values of the app's own, at most 4096 bytes as JSON. A null removes its key."""


class ImportedTask(TypedDict):
    """A task of an export. Its owner is ignored: it becomes the caller's. Accepted and ignored:
    `user_id`, `series_id`, `next_id`, `created_by`, `updated_by`.
    """

    id: str
    title: str
    """1-200 characters (Unicode code points) after trimming white space."""
    created_at: str
    updated_at: str
    description: NotRequired[str | None]
    """At most 2000 characters (Unicode code points) after trimming; `''` becomes null."""
    is_completed: NotRequired[bool]
    """`true` or `false`. Without it: `false`."""
    completed_at: NotRequired[str | None]
    """When it was completed, with an offset. It has no effect without `is_completed: true`."""
    due: NotRequired[NewTaskDate | None]
    """By when it must be done."""
    start: NotRequired[NewTaskDate | None]
    """Before this it is not to be shown as something to do."""
    priority: NotRequired[TaskPriority | None]
    labels: NotRequired[list[str] | None]
    """All labels of the task; null or `[]` removes them."""
    list_id: NotRequired[str | None]
    """The list that it is in; without it: in none, which is the inbox."""
    parent_id: NotRequired[str | None]
    """The task that it is a part of."""
    position: NotRequired[str | PositionAfter | PositionBefore | PositionAtEnd | None]
    """A key, or where to place it; null: the default, by creation."""
    metadata: NotRequired[dict[str, str | float | bool | None] | None]
    """Values of the app's own, at most 4096 bytes as JSON. A null removes its key."""
    reminders: NotRequired[list[OffsetReminder | ReminderAt] | None]
    """When the user is to be reminded. Each has either `offset_minutes` or `at`. They replace all that
    there were; null or `[]` removes them.
    """
    recurrence: NotRequired[NewRecurrence | None]
    """By which rule the task comes again once it is completed; null: it does not."""


class Invitation(TypedDict):
    """An invitation to a space."""

    id: str
    role: Literal["editor", "viewer"]
    uses: int
    used: int
    expires_at: str
    created_by: str | None
    created_at: str


class InvitationList(TypedDict):
    """The open invitations of a space, the newest first."""

    invitations: list[Invitation]


class InvitationRevoked(TypedDict):
    """The response to a revocation."""

    message: Literal["Invitation revoked successfully"]
    id: str


class LabelCount(TypedDict):
    """A label that is in use. Of several spellings it has the first by code points."""

    label: str
    tasks: int
    """How many tasks have it, completed ones included."""


class LabelList(TypedDict):
    """A page of the caller's labels."""

    labels: list[LabelCount]
    next_cursor: str | None
    """For the next page; null when nothing follows."""


class LabelRemoval(TypedDict):
    """The body of `POST /api/labels/remove`."""

    label: str
    """1-50 characters (Unicode code points) after trimming white space."""


class LabelsChanged(TypedDict):
    """The number of tasks that were changed."""

    tasks: int


class List(TypedDict):
    """A list of tasks."""

    id: str
    user_id: str
    """The owner, from the verified token."""
    title: str
    is_archived: bool
    position: str
    """A key of fractional indexing, compared by code points."""
    metadata: NotRequired[dict[str, str | float | bool]]
    """Values of the app's own, at most 4096 bytes as JSON."""
    created_at: str
    """RFC 3339, UTC; the millisecond of `id`."""
    updated_at: str
    """RFC 3339, UTC; moves forward with every successful update."""


class ListChanges(TypedDict):
    """The body of `PUT /api/lists/{list_id}`: only the given fields change; at least one is required.
    Accepted and ignored: `id`, `user_id`, `created_at`, `updated_at`.
    """

    title: NotRequired[str]
    """1-200 characters (Unicode code points) after trimming white space."""
    is_archived: NotRequired[bool]
    """Its tasks are untouched; `archived=false` leaves them out of a list."""
    position: NotRequired[str | PositionAfter | PositionBefore | PositionAtEnd | None]
    """A key, or where to place it; null: the default, by creation."""
    metadata: NotRequired[dict[str, str | float | bool | None] | None]
    """Values of the app's own, at most 4096 bytes as JSON. A null removes its key."""


class ListCollection(TypedDict):
    """All lists of the caller, by position."""

    lists: list[List]


class ListDeleted(TypedDict):
    """The response to a deletion."""

    message: Literal["List deleted successfully"]
    id: str


@final
class ListDeletion(TypedDict):
    """A deleted list; only with `kinds`."""

    op: Literal["delete"]
    kind: Literal["list"]
    id: str


@final
class ListExists(TypedDict):
    """The error of a creation at an id that exists, with the list that is there."""

    error: str
    """Text for people."""
    code: str
    """For programs."""
    list: List
    etag: str
    """The entity tag of the list that is there."""


class ListSummary(TypedDict):
    """The numbers of the open tasks of one list."""

    list_id: str | None
    """null: in no list."""
    open: int
    overdue: int


@final
class ListUpsert(TypedDict):
    """A list that was created or changed, in its current state; only with `kinds`."""

    op: Literal["upsert"]
    list: List
    etag: str
    """The entity tag of that state."""


class Member(TypedDict):
    """A person in a space, or one who has left: then `role` is null."""

    id: str
    space_id: str
    person_id: str | None
    """The user id; null once that person has erased their data."""
    role: Literal["owner", "editor", "viewer"] | None
    name: str | None
    joined_at: str
    left_at: NotRequired[str]
    updated_at: str


class MemberChanges(TypedDict):
    """The body of a change of a member: `role` by an owner, `name` by the member. Accepted and
    ignored: `id`, `space_id`, `person_id`, `joined_at`, `left_at`, `updated_at`.
    """

    role: NotRequired[Literal["owner", "editor", "viewer"]]
    name: NotRequired[str | None]
    """What the member is called in this space: 1-100 characters after trimming, or null."""


class MemberList(TypedDict):
    """The members who have a role, by the time of joining."""

    members: list[Member]


class MemberRemoved(TypedDict):
    """The response to a removal."""

    message: Literal["Member removed successfully"]
    id: str


@final
class MemberUpsert(TypedDict):
    """A member that was created or changed, in its current state; only with `kinds`."""

    op: Literal["upsert"]
    member: Member
    etag: str
    """The entity tag of that state."""


class Membership(TypedDict):
    """A space that the caller is in, in the caller's own change feed."""

    space_id: str
    joined_at: str


@final
class MembershipDeletion(TypedDict):
    """A deleted membership; only with `kinds`."""

    op: Literal["delete"]
    kind: Literal["membership"]
    id: str


@final
class MembershipUpsert(TypedDict):
    """A membership that was created or changed, in its current state; only with `kinds`."""

    op: Literal["upsert"]
    membership: Membership
    etag: str
    """The entity tag of that state."""


@final
class MismatchedCommentResult(TypedDict):
    """The result of an operation not carried out: the comment is in another version, or there already."""

    status: Literal[412]
    error: str
    code: str
    comment: Comment
    """The comment that is there."""
    etag: str
    """The entity tag of what is there."""


@final
class MismatchedListResult(TypedDict):
    """The result of an operation not carried out: the list is in another version, or there already."""

    status: Literal[412]
    error: str
    code: str
    list: List
    """The list that is there."""
    etag: str
    """The entity tag of what is there."""


@final
class MismatchedResult(TypedDict):
    """The result of an operation not carried out: the task is in another version, or there already."""

    status: Literal[412]
    error: str
    code: str
    task: Task
    """The task that is there."""
    etag: str
    """The entity tag of what is there."""


class MixedBatch(TypedDict):
    """The body of `POST /api/batch`."""

    operations: list[
        CreateTask
        | UpdateTask
        | DeleteTask
        | CreateList
        | UpdateList
        | DeleteList
        | CreateComment
        | UpdateComment
        | DeleteComment
    ]
    atomic: NotRequired[bool]
    """All of them or none: with a failure among them, the others are 424. Without it: `false`."""


class MixedBatchResults(TypedDict):
    """The results of a batch, in the order of its operations."""

    results: list[
        CreatedResult
        | UpdatedResult
        | DeletedResult
        | MismatchedResult
        | CreatedListResult
        | UpdatedListResult
        | DeletedListResult
        | MismatchedListResult
        | CreatedCommentResult
        | UpdatedCommentResult
        | DeletedCommentResult
        | MismatchedCommentResult
        | FailedResult
    ]


class Moved(TypedDict):
    """The response to a move."""

    moved: int
    """How many tasks were moved, with those below the named ones."""
    tasks: NotRequired[list[MovedTask]]
    """The named tasks, in their order; absent for a list."""


class MovedTask(TypedDict):
    """A task where it is now."""

    task: Task
    etag: str


class NamedTask(TypedDict):
    """A task to move, with all below it."""

    id: str
    if_match: NotRequired[str | None]
    """As the header `If-Match`."""


class NewComment(TypedDict):
    """The body of `POST /api/comments`. Accepted and ignored: `id`, `user_id`, `author_id`,
    `created_at`, `updated_at`.
    """

    task_id: str
    text: str
    """1-4000 characters (Unicode code points) after trimming white space."""
    mentions: NotRequired[list[str] | None]
    """Only in a space: the members whom it concerns; the app notifies them."""
    metadata: NotRequired[dict[str, str | float | bool | None] | None]
    """Values of the app's own, at most 4096 bytes as JSON. A null removes its key."""


class NewInvitation(TypedDict):
    """The body of `POST /api/spaces/{space_id}/invitations`. Accepted and ignored: `id`, `used`,
    `expires_at`, `created_by`, `created_at`, `invitation`.
    """

    role: NotRequired[Literal["editor", "viewer"]]
    """Without it: `'editor'`."""
    uses: NotRequired[int]
    """How many people can join with it. Without it: `1`."""
    expires_in: NotRequired[int]
    """Seconds. Without it: `604800`."""


class NewList(TypedDict):
    """The body of `POST /api/lists`. Accepted and ignored: `id`, `user_id`, `created_at`,
    `updated_at`.
    """

    title: str
    """1-200 characters (Unicode code points) after trimming white space."""
    is_archived: NotRequired[bool]
    """Its tasks are untouched; `archived=false` leaves them out of a list. Without it: `false`."""
    position: NotRequired[str | PositionAfter | PositionBefore | PositionAtEnd | None]
    """A key, or where to place it; null: the default, by creation."""
    metadata: NotRequired[dict[str, str | float | bool | None] | None]
    """Values of the app's own, at most 4096 bytes as JSON. A null removes its key."""


class NewRecurrence(TypedDict):
    """By which rule a task comes again once it is completed. It needs a `due`."""

    rule: str
    """A rule of RFC 5545 in days: FREQ of DAILY, WEEKLY, MONTHLY or YEARLY, with INTERVAL, BYDAY,
    BYMONTHDAY, BYMONTH, BYSETPOS, WKST, and UNTIL or COUNT.
    """
    after: NotRequired[Literal["completion"] | None]
    missed: NotRequired[Literal["keep"] | None]
    occurrence: NotRequired[str | None]


class NewReminders(TypedDict):
    """The body of `PUT /api/spaces/{space_id}/tasks/{task_id}/reminders`."""

    reminders: list[OffsetReminder | ReminderAt] | None
    """When the user is to be reminded. Each has either `offset_minutes` or `at`. They replace all that
    there were; null or `[]` removes them.
    """


class NewSpace(TypedDict):
    """The body of `POST /api/spaces`; `name` is the caller's as a member. Accepted and ignored: `id`,
    `created_at`, `updated_at`.
    """

    title: str
    """1-200 characters (Unicode code points) after trimming white space."""
    is_archived: NotRequired[bool]
    """Its tasks are untouched; `archived=false` leaves them out of a list. Without it: `false`."""
    time_zone: NotRequired[str | None]
    """The IANA name of the space's time zone, for dates that have none."""
    metadata: NotRequired[dict[str, str | float | bool | None] | None]
    """Values of the app's own, at most 4096 bytes as JSON. A null removes its key."""
    name: NotRequired[str | None]
    """What the member is called in this space: 1-100 characters after trimming, or null."""


class NewTask(TypedDict):
    """The body of `POST /api/tasks`. Accepted and ignored: `id`, `user_id`, `created_at`,
    `updated_at`, `series_id`, `next_id`, `created_by`, `updated_by`.
    """

    title: str
    """1-200 characters (Unicode code points) after trimming white space."""
    description: NotRequired[str | None]
    """At most 2000 characters (Unicode code points) after trimming; `''` becomes null."""
    is_completed: NotRequired[bool]
    """`true` or `false`. Without it: `false`."""
    completed_at: NotRequired[str | None]
    """When it was completed, with an offset. It has no effect without `is_completed: true`."""
    due: NotRequired[NewTaskDate | None]
    """By when it must be done."""
    start: NotRequired[NewTaskDate | None]
    """Before this it is not to be shown as something to do."""
    priority: NotRequired[TaskPriority | None]
    labels: NotRequired[list[str] | None]
    """All labels of the task; null or `[]` removes them."""
    list_id: NotRequired[str | None]
    """The list that it is in; without it: in none, which is the inbox."""
    parent_id: NotRequired[str | None]
    """The task that it is a part of."""
    position: NotRequired[str | PositionAfter | PositionBefore | PositionAtEnd | None]
    """A key, or where to place it; null: the default, by creation."""
    metadata: NotRequired[dict[str, str | float | bool | None] | None]
    """Values of the app's own, at most 4096 bytes as JSON. A null removes its key."""
    reminders: NotRequired[list[OffsetReminder | ReminderAt] | None]
    """When the user is to be reminded. Each has either `offset_minutes` or `at`. They replace all that
    there were; null or `[]` removes them.
    """
    recurrence: NotRequired[NewRecurrence | None]
    """By which rule the task comes again once it is completed; null: it does not."""
    assigned_to: NotRequired[str | None]
    """Only in a space: the member who is asked to do it; `me` is the caller."""
    add_labels: NotRequired[list[str]]
    """Labels to add; not together with `labels`."""
    remove_labels: NotRequired[list[str]]
    """Labels to remove, before others are added; not together with `labels`."""


class NewTaskDate(TypedDict):
    """A day, optionally with a time of day, optionally with the time zone of that time."""

    date: str
    """A day of the years 1970 to 9998, without a time zone: never convert it to an instant."""
    time: NotRequired[str | None]
    time_zone: NotRequired[str | None]


class NewToken(TypedDict):
    """The body of `POST /api/tokens`. Accepted and ignored: `id`, `created_at`, `expires_at`,
    `last_used_at`.
    """

    name: str
    """1-100 characters (Unicode code points) after trimming white space."""
    access: Literal["read", "write"]
    """`read` allows GET and HEAD only."""
    spaces: NotRequired[list[str]]
    """The only spaces that it reaches; without it, all of the user's."""
    private: NotRequired[bool]
    """Whether it reaches the private tasks; without it, only a token without `spaces` does."""
    expires_in: NotRequired[int]
    """Seconds for which it is valid, at most `TOKEN_DAYS`. Without it 30 days, or `TOKEN_DAYS` if that
    is shorter.
    """


class Occurrences(TypedDict):
    """The days of its rule after a task's `occurrence` and `due`; none without a recurrence."""

    dates: list[str]


class OffsetReminder(TypedDict):
    """A reminder relative to the due wall clock; of an all-day task to 00:00 of the day."""

    offset_minutes: int
    """Minutes after the due time; negative: before it. On an all-day task 540 is at 09:00."""


class OwnMembership(TypedDict):
    """A space, and the user as its member."""

    space_id: str
    member: Member


class OwnReminders(TypedDict):
    """The reminders that the caller has for a task."""

    reminders: list[OffsetReminder | ReminderAt]


class OwnRemindersList(TypedDict):
    """A page of the tasks for which the caller has reminders."""

    tasks: list[RemindersOfTask]
    next_cursor: str | None
    """For the next page; null when nothing follows."""


class PositionAfter(TypedDict):
    """The place after another one."""

    after: str


class PositionAtEnd(TypedDict):
    """The first place, or the last."""

    at: Literal["first", "last"]


class PositionBefore(TypedDict):
    """The place before another one."""

    before: str


class Ready(TypedDict):
    """The service is ready for requests."""

    status: Literal["ready"]


class RecurrenceChanges(TypedDict):
    """Changes of a recurrence: absent leaves, null removes. A new `rule` starts at the day of `due`."""

    rule: NotRequired[str]
    """A rule of RFC 5545 in days: FREQ of DAILY, WEEKLY, MONTHLY or YEARLY, with INTERVAL, BYDAY,
    BYMONTHDAY, BYMONTH, BYSETPOS, WKST, and UNTIL or COUNT.
    """
    after: NotRequired[Literal["completion"] | None]
    missed: NotRequired[Literal["keep"] | None]
    occurrence: NotRequired[str | None]


class Redeemed(TypedDict):
    """The space that the caller has joined, and the caller as its member."""

    space: Space
    member: Member


class Redemption(TypedDict):
    """The body of `POST /api/invitations/redeem`."""

    invitation: str
    name: NotRequired[str | None]
    """What the member is called in this space: 1-100 characters after trimming, or null."""


class ReminderAt(TypedDict):
    """A reminder at an instant."""

    at: str
    """RFC 3339; answered in UTC."""


class RemindersOfTask(TypedDict):
    """The reminders that the caller has for one of several tasks."""

    reminders: list[OffsetReminder | ReminderAt]
    task_id: str


class Restoration(TypedDict):
    """The body of `POST /api/trash/{task_id}/restore`: an empty object."""


class Space(TypedDict):
    """An owner of tasks and lists that several people share."""

    id: str
    title: str
    is_archived: bool
    time_zone: NotRequired[str]
    metadata: NotRequired[dict[str, str | float | bool]]
    """Values of the app's own, at most 4096 bytes as JSON."""
    created_at: str
    updated_at: str


class SpaceChangeList(TypedDict):
    """Changes, in the order in which they are to be applied."""

    changes: list[
        TaskUpsert
        | ListUpsert
        | CommentUpsert
        | MemberUpsert
        | SpaceUpsert
        | CommentDeletion
        | ListDeletion
        | TaskDeletion
    ]
    cursor: str
    """For the next request, whether more follows or not."""
    has_more: bool


class SpaceChanges(TypedDict):
    """The body of `PUT /api/spaces/{space_id}`: only the given fields change; at least one is
    required. Accepted and ignored: `id`, `created_at`, `updated_at`.
    """

    title: NotRequired[str]
    """1-200 characters (Unicode code points) after trimming white space."""
    is_archived: NotRequired[bool]
    """Its tasks are untouched; `archived=false` leaves them out of a list."""
    time_zone: NotRequired[str | None]
    """The IANA name of the space's time zone, for dates that have none."""
    metadata: NotRequired[dict[str, str | float | bool | None] | None]
    """Values of the app's own, at most 4096 bytes as JSON. A null removes its key."""


class SpaceDeleted(TypedDict):
    """The response to a deletion."""

    message: Literal["Space deleted successfully"]
    id: str


class SpaceExport(TypedDict):
    """Everything in a space, with its former members."""

    space: Space
    members: list[Member]
    lists: NotRequired[list[List]]
    tasks: list[Task]
    comments: NotRequired[list[Comment]]


class SpaceList(TypedDict):
    """The spaces of the caller, by the time of joining."""

    spaces: list[SpaceOfMember]


class SpaceOfMember(TypedDict):
    """A space, the caller as its member, and a state that changes with every change in it."""

    space: Space
    member: Member
    state: str


@final
class SpaceUpsert(TypedDict):
    """A space that was created or changed, in its current state; only with `kinds`."""

    op: Literal["upsert"]
    space: Space
    etag: str
    """The entity tag of that state."""


class Task(TypedDict):
    """A task in a response. The first seven keys are always present, each other one where it has a
    value.
    """

    id: str
    user_id: str
    """The owner, from the verified token."""
    title: str
    description: str | None
    is_completed: bool
    created_at: str
    """RFC 3339, UTC; the millisecond of `id`."""
    updated_at: str
    """RFC 3339, UTC; moves forward with every successful update."""
    completed_at: NotRequired[str]
    """When it was completed, if known: RFC 3339, UTC."""
    due: NotRequired[TaskDate]
    """By when it must be done."""
    start: NotRequired[TaskDate]
    """Before this it is not to be shown as something to do."""
    priority: NotRequired[TaskPriority]
    labels: NotRequired[list[str]]
    """Ordered by code points. Labels that differ in case only are the same."""
    list_id: NotRequired[str]
    """The list that it is in; without it: in none, which is the inbox."""
    parent_id: NotRequired[str]
    """The task that it is a part of."""
    position: NotRequired[str]
    """A key of fractional indexing, compared by code points."""
    metadata: NotRequired[dict[str, str | float | bool]]
    """Values of the app's own, at most 4096 bytes as JSON."""
    reminders: NotRequired[list[OffsetReminder | ReminderAt]]
    """When the user is to be reminded. Each has either `offset_minutes` or `at`."""
    recurrence: NotRequired[TaskRecurrence]
    """By which rule the task comes again once it is completed; null: it does not."""
    series_id: NotRequired[str]
    """The first task of its series."""
    next_id: NotRequired[str]
    """The task of its series that was made when it was completed."""
    assigned_to: NotRequired[str]
    """Only in a space: the member who is asked to do it."""
    created_by: NotRequired[str | None]
    """Only in a space: the member who made it; null if that person is no member."""
    updated_by: NotRequired[str]
    """Only in a space: the member who changed it last."""


class TaskChanges(TypedDict):
    """The body of `PUT /api/tasks/{task_id}`: only the given fields change; at least one is required.
    Accepted and ignored: `id`, `user_id`, `created_at`, `updated_at`, `series_id`, `next_id`,
    `created_by`, `updated_by`.
    """

    title: NotRequired[str]
    """1-200 characters (Unicode code points) after trimming white space."""
    description: NotRequired[str | None]
    """At most 2000 characters (Unicode code points) after trimming; `''` becomes null."""
    is_completed: NotRequired[bool]
    """`true` or `false`."""
    completed_at: NotRequired[str | None]
    """When it was completed, with an offset. It has no effect without `is_completed: true`."""
    due: NotRequired[TaskDateChanges | None]
    """By when it must be done."""
    start: NotRequired[TaskDateChanges | None]
    """Before this it is not to be shown as something to do."""
    priority: NotRequired[TaskPriority | None]
    labels: NotRequired[list[str] | None]
    """All labels of the task; null or `[]` removes them."""
    list_id: NotRequired[str | None]
    """The list that it is in; without it: in none, which is the inbox."""
    parent_id: NotRequired[str | None]
    """The task that it is a part of."""
    position: NotRequired[str | PositionAfter | PositionBefore | PositionAtEnd | None]
    """A key, or where to place it; null: the default, by creation."""
    metadata: NotRequired[dict[str, str | float | bool | None] | None]
    """Values of the app's own, at most 4096 bytes as JSON. A null removes its key."""
    reminders: NotRequired[list[OffsetReminder | ReminderAt] | None]
    """When the user is to be reminded. Each has either `offset_minutes` or `at`. They replace all that
    there were; null or `[]` removes them.
    """
    recurrence: NotRequired[RecurrenceChanges | None]
    """By which rule the task comes again once it is completed; null: it does not."""
    assigned_to: NotRequired[str | None]
    """Only in a space: the member who is asked to do it; `me` is the caller."""
    add_labels: NotRequired[list[str]]
    """Labels to add; not together with `labels`."""
    remove_labels: NotRequired[list[str]]
    """Labels to remove, before others are added; not together with `labels`."""


class TaskDate(TypedDict):
    """A day, optionally with a time of day, optionally with the time zone of that time."""

    date: str
    """A day of the years 1970 to 9998, without a time zone: never convert it to an instant."""
    time: NotRequired[str]
    """A time of that day; without it: all day."""
    time_zone: NotRequired[str]
    """The IANA name of a time zone; without it: that of the user. It needs a `time`."""


class TaskDateChanges(TypedDict):
    """Changes of a date: what is absent stays, null removes. Without a `time` there is no `time_zone`."""

    date: NotRequired[str]
    """A day of the years 1970 to 9998, without a time zone: never convert it to an instant."""
    time: NotRequired[str | None]
    time_zone: NotRequired[str | None]


class TaskDeleted(TypedDict):
    """The response to a deletion."""

    message: Literal["Task deleted successfully"]
    id: str


@final
class TaskDeletion(TypedDict):
    """A deleted task."""

    op: Literal["delete"]
    id: str


@final
class TaskExists(TypedDict):
    """The error of a creation at an id that exists, with the task that is there."""

    error: str
    """Text for people."""
    code: str
    """For programs."""
    task: Task
    etag: str
    """The entity tag of the task that is there."""


class TaskList(TypedDict):
    """A page of the caller's tasks."""

    tasks: list[Task]
    next_cursor: str | None
    """For the next page; null when nothing follows."""


class TaskPurged(TypedDict):
    """The response to a deletion from the trash."""

    message: Literal["Task deleted permanently"]
    id: str


class TaskRecurrence(TypedDict):
    """By which rule a task comes again once it is completed."""

    rule: str
    """A rule of RFC 5545 in days: FREQ of DAILY, WEEKLY, MONTHLY or YEARLY, with INTERVAL, BYDAY,
    BYMONTHDAY, BYMONTH, BYSETPOS, WKST, and UNTIL or COUNT.
    """
    after: NotRequired[Literal["completion"]]
    """`completion`: counted from the day of completion; without it: from the schedule."""
    missed: NotRequired[Literal["keep"]]
    """`keep`: days that have passed come in turn; without it they are skipped."""
    occurrence: str
    """The day of the rule for which the task stands; if not given: the day of `due`."""


class TaskSummary(TypedDict):
    """The numbers of the caller's open tasks; completed ones are not counted."""

    open: int
    """All of them: the sum of the other four."""
    overdue: int
    """Due before `now`."""
    today: int
    """Due later, before the next midnight of the clock that shows `now`."""
    later: int
    """Due after that."""
    undated: int
    """Without a due date."""
    lists: list[ListSummary]
    """The lists with open tasks."""


@final
class TaskUpsert(TypedDict):
    """A task that was created or changed, in its current state."""

    op: Literal["upsert"]
    task: Task
    etag: str
    """The entity tag of that state."""


class Token(TypedDict):
    """An access token, without its secret."""

    id: str
    name: str
    access: Literal["read", "write"]
    """`read` allows GET and HEAD only."""
    spaces: NotRequired[list[str]]
    """The only spaces that it reaches; without it, all of the user's."""
    private: NotRequired[bool]
    """Whether it reaches the private tasks; without it, only a token without `spaces` does."""
    created_at: str
    """RFC 3339, UTC."""
    expires_at: str
    """RFC 3339, UTC."""
    last_used_at: NotRequired[str]
    """The hour of the last use."""


class TokenList(TypedDict):
    """The caller's tokens, the newest first; expired ones for 30 days."""

    tokens: list[Token]


class TokenRevoked(TypedDict):
    """The response to a revocation."""

    message: Literal["Token revoked successfully"]
    id: str


class TokensRevoked(TypedDict):
    """The number of tokens that were revoked."""

    revoked: int


class TrashEmptied(TypedDict):
    """The number of tasks that were in the trash."""

    deleted: int


class TrashList(TypedDict):
    """A page of the caller's trash, the newest deletion first."""

    tasks: list[TrashedTask]
    next_cursor: str | None
    """For the next page; null when nothing follows."""


class TrashedTask(TypedDict):
    """A task in the trash, as it was."""

    task: Task
    deleted_at: str
    """RFC 3339, UTC."""
    deleted_by: NotRequired[str]
    """In a space, the member who deleted it."""
    deleted_with: NotRequired[str]
    """The task whose deletion took this one along; to restore it restores both."""


class UpdateComment(TypedDict):
    """Changes the given fields of a comment, as `PUT /api/comments/{comment_id}` does."""

    op: Literal["update"]
    kind: Literal["comment"]
    id: str
    if_match: NotRequired[str | None]
    """As the header `If-Match`."""
    comment: CommentChanges


class UpdateList(TypedDict):
    """Changes the given fields of a list, as `PUT /api/lists/{list_id}` does."""

    op: Literal["update"]
    kind: Literal["list"]
    id: str
    if_match: NotRequired[str | None]
    """As the header `If-Match`."""
    list: ListChanges


@final
class UpdateOperation(TypedDict):
    """Changes the given fields of a task, as `PUT /api/tasks/{task_id}` does."""

    op: Literal["update"]
    id: str
    if_match: NotRequired[str | None]
    """As the header `If-Match`."""
    task: TaskChanges


class UpdateTask(TypedDict):
    """Changes the given fields of a task, as `PUT /api/tasks/{task_id}` does."""

    op: Literal["update"]
    id: str
    if_match: NotRequired[str | None]
    """As the header `If-Match`."""
    task: TaskChanges
    kind: NotRequired[Literal["task"]]
    """Without it: `'task'`."""


@final
class UpdatedCommentResult(TypedDict):
    """The result of an operation that updated a comment."""

    status: Literal[200]
    etag: str
    comment: Comment


@final
class UpdatedListResult(TypedDict):
    """The result of an operation that updated a list."""

    status: Literal[200]
    etag: str
    list: List


@final
class UpdatedResult(TypedDict):
    """The result of an operation that updated a task."""

    status: Literal[200]
    etag: str
    task: Task


class User(TypedDict):
    """The owner's row."""

    id: str
    email: str | None
    created_at: str
    updated_at: str
    time_zone: NotRequired[str]
    """The IANA name of the user's time zone, for dates that have none."""


class UserChanges(TypedDict):
    """Changes of the owner's row; null removes the time zone. Accepted and ignored: `id`, `email`,
    `created_at`, `updated_at`.
    """

    time_zone: str | None
    """The IANA name of the user's time zone, for dates that have none."""


class ListTasksQuery(TypedDict):
    """The query of `listTasks`."""

    limit: NotRequired[int]
    """How many tasks to return at most."""
    cursor: NotRequired[str]
    """`next_cursor` of the previous page, with the same `sort` and filters."""
    is_completed: NotRequired[bool]
    """Only tasks in this state."""
    q: NotRequired[str]
    """At most 32 words, each of which occurs in the title or the description, case-folded."""
    sort: NotRequired[
        Literal[
            "-created_at",
            "created_at",
            "-updated_at",
            "updated_at",
            "title",
            "-title",
            "position",
            "-position",
            "due",
            "-due",
            "priority",
            "-priority",
            "completed_at",
            "-completed_at",
        ]
    ]
    """The order; `-` is descending. Titles are ordered by code points. By `due`, `priority` or
    `completed_at`: only tasks that have one.
    """
    list_id: NotRequired[str]
    parent_id: NotRequired[str]
    label: NotRequired[str]
    priority: NotRequired[str]
    due: NotRequired[Literal["any", "none"]]
    due_from: NotRequired[str]
    due_before: NotRequired[str]
    available_at: NotRequired[str]
    completed_from: NotRequired[str]
    completed_before: NotRequired[str]
    series_id: NotRequired[str]
    """Only tasks of this series."""
    assigned_to: NotRequired[str]
    archived: NotRequired[bool]
    """Only tasks in archived lists, or only the others."""


class SummarizeTasksQuery(TypedDict):
    """The query of `summarizeTasks`."""

    now: str
    """The client's time, with its numeric offset."""


class DeleteTaskQuery(TypedDict):
    """The query of `deleteTask`."""

    subtasks: NotRequired[Literal["keep", "delete"]]
    """What becomes of its subtasks: `keep` moves them up to its parent, `delete` deletes all of them,
    on all levels.
    """
    to: NotRequired[Literal["trash"]]
    """`trash` puts what is deleted into the trash, from where it can be restored. Without it, the
    deletion is permanent.
    """


class ListOccurrencesQuery(TypedDict):
    """The query of `listOccurrences`."""

    limit: NotRequired[int]
    """How many days to return at most."""


class ListLabelsQuery(TypedDict):
    """The query of `listLabels`."""

    limit: NotRequired[int]
    """How many labels to return at most."""
    cursor: NotRequired[str]
    """`next_cursor` of the previous page."""


class DeleteListQuery(TypedDict):
    """The query of `deleteList`."""

    tasks: NotRequired[Literal["delete", "keep"]]
    """What becomes of the tasks in the list: they are deleted too, or kept and in no list. Required if
    there are any.
    """
    to: NotRequired[Literal["trash"]]
    """`trash` puts what is deleted into the trash, from where it can be restored. Without it, the
    deletion is permanent.
    """


class ListCommentsQuery(TypedDict):
    """The query of `listComments`."""

    limit: NotRequired[int]
    """The number to return at most."""
    cursor: NotRequired[str]
    """`next_cursor` of the previous page."""
    task_id: NotRequired[str]
    """Only comments on this task."""
    author: NotRequired[str]
    """Only comments of this member of the space; `me` is the caller."""
    sort: NotRequired[Literal["created_at", "-created_at"]]
    """The oldest first, or with `-` the newest."""


class CountCommentsQuery(TypedDict):
    """The query of `countComments`."""

    limit: NotRequired[int]
    """The number to return at most."""
    cursor: NotRequired[str]
    """`next_cursor` of the previous page."""


class ListTrashQuery(TypedDict):
    """The query of `listTrash`."""

    limit: NotRequired[int]
    """How many tasks to return at most."""
    cursor: NotRequired[str]
    """`next_cursor` of the previous page."""


class ListChangesQuery(TypedDict):
    """The query of `listChanges`."""

    kinds: NotRequired[str]
    """What the changes are of, each at most once; `comments` only with `tasks`. A cursor is valid for
    the kinds that it was given for.
    """
    since: NotRequired[str]
    """`cursor` of the previous response; without it, from the beginning."""
    limit: NotRequired[int]
    """How many changes to return at most."""


class StreamChangesQuery(TypedDict):
    """The query of `streamChanges`."""

    kinds: NotRequired[str]
    """What the changes are of, each at most once; `comments` only with `tasks`. A cursor is valid for
    the kinds that it was given for.
    """


class GetAgendaQuery(TypedDict):
    """The query of `getAgenda`."""

    limit: NotRequired[int]
    """How many tasks to return at most."""
    cursor: NotRequired[str]
    """`next_cursor` of the previous page, with the same `sort` and filters."""
    sort: NotRequired[Literal["due", "-created_at"]]
    """The order; `-` is descending. By due: only tasks that have a due date."""
    due_from: NotRequired[str]
    due_before: NotRequired[str]


class DeleteSpaceQuery(TypedDict):
    """The query of `deleteSpace`."""

    tasks: NotRequired[Literal["delete"]]
    """Deletes the tasks of the space too. Required if there are any."""


class ListSpaceRemindersQuery(TypedDict):
    """The query of `listSpaceReminders`."""

    limit: NotRequired[int]
    """How many tasks to return at most."""
    cursor: NotRequired[str]
    """`next_cursor` of the previous page."""


class ListSpaceTasksQuery(TypedDict):
    """The query of `listSpaceTasks`."""

    limit: NotRequired[int]
    """How many tasks to return at most."""
    cursor: NotRequired[str]
    """`next_cursor` of the previous page, with the same `sort` and filters."""
    is_completed: NotRequired[bool]
    """Only tasks in this state."""
    q: NotRequired[str]
    """At most 32 words, each of which occurs in the title or the description, case-folded."""
    sort: NotRequired[
        Literal[
            "-created_at",
            "created_at",
            "-updated_at",
            "updated_at",
            "title",
            "-title",
            "position",
            "-position",
            "due",
            "-due",
            "priority",
            "-priority",
            "completed_at",
            "-completed_at",
        ]
    ]
    """The order; `-` is descending. Titles are ordered by code points. By `due`, `priority` or
    `completed_at`: only tasks that have one.
    """
    list_id: NotRequired[str]
    parent_id: NotRequired[str]
    label: NotRequired[str]
    priority: NotRequired[str]
    due: NotRequired[Literal["any", "none"]]
    due_from: NotRequired[str]
    due_before: NotRequired[str]
    available_at: NotRequired[str]
    completed_from: NotRequired[str]
    completed_before: NotRequired[str]
    series_id: NotRequired[str]
    """Only tasks of this series."""
    assigned_to: NotRequired[str]
    archived: NotRequired[bool]
    """Only tasks in archived lists, or only the others."""


class SummarizeSpaceTasksQuery(TypedDict):
    """The query of `summarizeSpaceTasks`."""

    now: str
    """The client's time, with its numeric offset."""


class DeleteSpaceTaskQuery(TypedDict):
    """The query of `deleteSpaceTask`."""

    subtasks: NotRequired[Literal["keep", "delete"]]
    """What becomes of its subtasks: `keep` moves them up to its parent, `delete` deletes all of them,
    on all levels.
    """
    to: NotRequired[Literal["trash"]]
    """`trash` puts what is deleted into the trash, from where it can be restored. Without it, the
    deletion is permanent.
    """


class ListSpaceOccurrencesQuery(TypedDict):
    """The query of `listSpaceOccurrences`."""

    limit: NotRequired[int]
    """How many days to return at most."""


class ListSpaceLabelsQuery(TypedDict):
    """The query of `listSpaceLabels`."""

    limit: NotRequired[int]
    """How many labels to return at most."""
    cursor: NotRequired[str]
    """`next_cursor` of the previous page."""


class DeleteSpaceListQuery(TypedDict):
    """The query of `deleteSpaceList`."""

    tasks: NotRequired[Literal["delete", "keep"]]
    """What becomes of the tasks in the list: they are deleted too, or kept and in no list. Required if
    there are any.
    """
    to: NotRequired[Literal["trash"]]
    """`trash` puts what is deleted into the trash, from where it can be restored. Without it, the
    deletion is permanent.
    """


class ListSpaceCommentsQuery(TypedDict):
    """The query of `listSpaceComments`."""

    limit: NotRequired[int]
    """The number to return at most."""
    cursor: NotRequired[str]
    """`next_cursor` of the previous page."""
    task_id: NotRequired[str]
    """Only comments on this task."""
    author: NotRequired[str]
    """Only comments of this member of the space; `me` is the caller."""
    sort: NotRequired[Literal["created_at", "-created_at"]]
    """The oldest first, or with `-` the newest."""


class CountSpaceCommentsQuery(TypedDict):
    """The query of `countSpaceComments`."""

    limit: NotRequired[int]
    """The number to return at most."""
    cursor: NotRequired[str]
    """`next_cursor` of the previous page."""


class ListSpaceTrashQuery(TypedDict):
    """The query of `listSpaceTrash`."""

    limit: NotRequired[int]
    """How many tasks to return at most."""
    cursor: NotRequired[str]
    """`next_cursor` of the previous page."""


class ListSpaceChangesQuery(TypedDict):
    """The query of `listSpaceChanges`."""

    kinds: NotRequired[str]
    """What the changes are of, each at most once; `comments` only with `tasks`. A cursor is valid for
    the kinds that it was given for.
    """
    since: NotRequired[str]
    """`cursor` of the previous response; without it, from the beginning."""
    limit: NotRequired[int]
    """How many changes to return at most."""


class StreamSpaceChangesQuery(TypedDict):
    """The query of `streamSpaceChanges`."""

    kinds: NotRequired[str]
    """What the changes are of, each at most once; `comments` only with `tasks`. A cursor is valid for
    the kinds that it was given for.
    """


class ListSpaceActivityQuery(TypedDict):
    """The query of `listSpaceActivity`."""

    limit: NotRequired[int]
    """How many entries to return at most."""
    cursor: NotRequired[str]
    """`next_cursor` of the previous page, with the same `task_id`."""
    task_id: NotRequired[str]
    """Only what was done to this task and to its comments."""


LabelRenaming = TypedDict("LabelRenaming", {"from": str, "to": str})


Move = TypedDict(
    "Move",
    {
        "from": str | None,
        "to": str | None,
        "tasks": NotRequired[list[NamedTask] | None],
        "list": NotRequired[str | None],
        "to_list": NotRequired[str | None],
        "to_parent": NotRequired[str | None],
    },
)
