"""The calls of the API, one function for each operation of the OpenAPI document, under its name."""

from collections.abc import Callable
from typing import Any, Final, Literal, TypeAlias, TypeVar

from taskward_client import types
from taskward_client._calls import (
    Call,
    Tagged,
    change,
    content,
    create_at,
    delete,
    path_of,
    post,
    read,
    tagged,
)
from taskward_client._replies import Reply, array_of, other_service

TaskOperation: TypeAlias = types.CreateOperation | types.UpdateOperation | types.DeleteOperation
ListOperation: TypeAlias = types.CreateList | types.UpdateList | types.DeleteList
CommentOperation: TypeAlias = types.CreateComment | types.UpdateComment | types.DeleteComment
MixedOperation: TypeAlias = (
    types.CreateTask | types.UpdateTask | types.DeleteTask | ListOperation | CommentOperation
)
KeepOrDelete: TypeAlias = Literal["keep", "delete"]
ToTrash: TypeAlias = Literal["trash"]

T = TypeVar("T")

_TASKS = "/api/tasks"
_LISTS = "/api/lists"
_COMMENTS = "/api/comments"
_TRASH = "/api/trash"
_TOKENS = "/api/tokens"
_SPACES = "/api/spaces"
_MEMBERS = "/api/members"  # of a space: its prefix takes the place of /api
_INVITATIONS = "/api/invitations"

_TITLED: Final = ("id", "title")
"""Keys that every list and every space has."""

_TASK: Final = (*_TITLED, "user_id", "description", "is_completed", "created_at", "updated_at")
"""Keys that every task has."""


# Tasks


def list_tasks(query: types.ListTasksQuery) -> Call[types.TaskList]:
    return read(_TASKS, _page("tasks", *_TASK), query)


def summarize_tasks(now: str) -> Call[types.TaskSummary]:
    return read(f"{_TASKS}/summary", content, {"now": now})


def create_task(task: types.NewTask, key: str | None) -> Call[Tagged[types.Task]]:
    return post(_TASKS, task, _task, key)


def get_task(task_id: str) -> Call[Tagged[types.Task]]:
    return read(path_of(_TASKS, task_id=task_id), _task)


def create_task_at(task_id: str, task: types.NewTask) -> Call[Tagged[types.Task]]:
    return create_at(path_of(_TASKS, task_id=task_id), task, "task")


def update_task(task_id: str, changes: types.TaskChanges, if_match: str | None) -> Call[Tagged[types.Task]]:
    return change("PUT", path_of(_TASKS, task_id=task_id), changes, _task, if_match)


def patch_task(task_id: str, changes: types.TaskChanges, if_match: str | None) -> Call[Tagged[types.Task]]:
    return change("PATCH", path_of(_TASKS, task_id=task_id), changes, _task, if_match)


def delete_task(
    task_id: str, subtasks: KeepOrDelete | None, to: ToTrash | None, if_match: str | None
) -> Call[types.TaskDeleted]:
    return delete(path_of(_TASKS, task_id=task_id), content, {"subtasks": subtasks, "to": to}, if_match)


def list_occurrences(task_id: str, limit: int | None) -> Call[list[str]]:
    return read(path_of(_TASKS, "occurrences", task_id=task_id), _dates, {"limit": limit})


def batch_tasks(
    operations: list[TaskOperation], key: str | None, *, atomic: bool
) -> Call[types.BatchResults]:
    return post(f"{_TASKS}/batch", {"operations": operations, "atomic": atomic}, content, key)


def batch(
    operations: list[MixedOperation], key: str | None, *, atomic: bool
) -> Call[types.MixedBatchResults]:
    return post("/api/batch", {"operations": operations, "atomic": atomic}, content, key)


# Lists


def list_lists() -> Call[list[types.List]]:
    return read(_LISTS, lambda reply: _array(reply, "lists", *_TITLED))


def create_list(new: types.NewList, key: str | None) -> Call[Tagged[types.List]]:
    return post(_LISTS, new, tagged, key)


def get_list(list_id: str) -> Call[Tagged[types.List]]:
    return read(path_of(_LISTS, list_id=list_id), tagged)


def create_list_at(list_id: str, new: types.NewList) -> Call[Tagged[types.List]]:
    return create_at(path_of(_LISTS, list_id=list_id), new, "list")


def update_list(list_id: str, changes: types.ListChanges, if_match: str | None) -> Call[Tagged[types.List]]:
    return change("PUT", path_of(_LISTS, list_id=list_id), changes, tagged, if_match)


def patch_list(list_id: str, changes: types.ListChanges, if_match: str | None) -> Call[Tagged[types.List]]:
    return change("PATCH", path_of(_LISTS, list_id=list_id), changes, tagged, if_match)


def delete_list(
    list_id: str, tasks: KeepOrDelete | None, to: ToTrash | None, if_match: str | None
) -> Call[types.ListDeleted]:
    return delete(path_of(_LISTS, list_id=list_id), content, {"tasks": tasks, "to": to}, if_match)


# Comments


def list_comments(query: types.ListCommentsQuery) -> Call[types.CommentList]:
    return read(_COMMENTS, _page("comments", "id"), query)


def count_comments(query: types.CountCommentsQuery) -> Call[types.CommentCounts]:
    return read(f"{_COMMENTS}/counts", _page("counts"), query)


def create_comment(new: types.NewComment, key: str | None) -> Call[Tagged[types.Comment]]:
    return post(_COMMENTS, new, tagged, key)


def get_comment(comment_id: str) -> Call[Tagged[types.Comment]]:
    return read(path_of(_COMMENTS, comment_id=comment_id), tagged)


def create_comment_at(comment_id: str, new: types.NewComment) -> Call[Tagged[types.Comment]]:
    return create_at(path_of(_COMMENTS, comment_id=comment_id), new, "comment")


def update_comment(
    comment_id: str, changes: types.CommentChanges, if_match: str | None
) -> Call[Tagged[types.Comment]]:
    return change("PUT", path_of(_COMMENTS, comment_id=comment_id), changes, tagged, if_match)


def patch_comment(
    comment_id: str, changes: types.CommentChanges, if_match: str | None
) -> Call[Tagged[types.Comment]]:
    return change("PATCH", path_of(_COMMENTS, comment_id=comment_id), changes, tagged, if_match)


def delete_comment(comment_id: str, if_match: str | None) -> Call[types.CommentDeleted]:
    return delete(path_of(_COMMENTS, comment_id=comment_id), content, {}, if_match)


# The trash


def list_trash(query: types.ListTrashQuery) -> Call[types.TrashList]:
    return read(_TRASH, _trash, query)


def restore_task(task_id: str, key: str | None) -> Call[Tagged[types.Task]]:
    return post(path_of(_TRASH, "restore", task_id=task_id), {}, _task, key)


def purge_task(task_id: str) -> Call[types.TaskPurged]:
    return delete(path_of(_TRASH, task_id=task_id), content, {})


def empty_trash() -> Call[int]:
    return delete(_TRASH, lambda reply: _count(reply, "deleted"), {})


# Access tokens


def list_tokens() -> Call[list[types.Token]]:
    return read(_TOKENS, lambda reply: _array(reply, "tokens", "id"))


def create_token(token: types.NewToken, key: str | None) -> Call[types.CreatedToken]:
    return post(_TOKENS, token, content, key)


def revoke_token(token_id: str) -> Call[types.TokenRevoked]:
    return delete(path_of(_TOKENS, token_id=token_id), content, {})


def revoke_all_tokens() -> Call[int]:
    return delete(_TOKENS, lambda reply: _count(reply, "revoked"), {})


# Labels


def list_labels(query: types.ListLabelsQuery) -> Call[types.LabelList]:
    return read("/api/labels", _page("labels", "label"), query)


def rename_label(old: str, new: str, key: str | None) -> Call[int]:
    return post("/api/labels/rename", {"from": old, "to": new}, _tasks, key)


def remove_label(label: str, key: str | None) -> Call[int]:
    return post("/api/labels/remove", {"label": label}, _tasks, key)


# Changes; `streamChanges` is in _feed.py


def list_changes(query: types.ListChangesQuery) -> Call[Any]:
    return read("/api/changes", content, query)


# The user's own data


def get_me() -> Call[types.User]:
    return read("/api/me", content)


def patch_me(time_zone: str | None) -> Call[types.User]:
    return change("PATCH", "/api/me", {"time_zone": time_zone}, content, None)


def get_agenda(query: types.GetAgendaQuery) -> Call[types.TaskList]:
    return read("/api/me/agenda", _page("tasks", *_TASK), query)


def export_me() -> Call[types.Export]:
    return read("/api/me/export", content)


def export_calendar() -> Call[str]:
    return read("/api/me/calendar.ics", lambda reply: reply.content.decode())


def import_me(document: types.Import | types.Export | bytes, key: str | None) -> Call[types.Imported]:
    return post("/api/me/import", document, content, key)


def erase_me() -> Call[types.Erased]:
    return delete("/api/me", content, {})


# Spaces


def list_spaces() -> Call[list[types.SpaceOfMember]]:
    return read(_SPACES, _spaces)


def create_space(new: types.NewSpace, key: str | None) -> Call[Tagged[types.Space]]:
    return post(_SPACES, new, tagged, key)


def get_space(space_id: str) -> Call[Tagged[types.Space]]:
    return read(path_of(_SPACES, space_id=space_id), tagged)


def update_space(
    space_id: str, changes: types.SpaceChanges, if_match: str | None
) -> Call[Tagged[types.Space]]:
    return change("PUT", path_of(_SPACES, space_id=space_id), changes, tagged, if_match)


def patch_space(
    space_id: str, changes: types.SpaceChanges, if_match: str | None
) -> Call[Tagged[types.Space]]:
    return change("PATCH", path_of(_SPACES, space_id=space_id), changes, tagged, if_match)


def delete_space(
    space_id: str, tasks: Literal["delete"] | None, if_match: str | None
) -> Call[types.SpaceDeleted]:
    return delete(path_of(_SPACES, space_id=space_id), content, {"tasks": tasks}, if_match)


def redeem_invitation(redemption: types.Redemption, key: str | None) -> Call[types.Redeemed]:
    return post(f"{_INVITATIONS}/redeem", redemption, content, key)


def create_move(move: types.Move, key: str | None) -> Call[types.Moved]:
    return post("/api/moves", move, content, key)


# Export, members and invitations of a space


def list_space_activity(query: types.ListSpaceActivityQuery) -> Call[types.ActivityList]:
    return read("/api/activity", content, query)


def get_space_task_reminders(task_id: str) -> Call[Tagged[types.OwnReminders]]:
    return read(_reminders(task_id), tagged)


def update_space_task_reminders(
    task_id: str, new: types.NewReminders, if_match: str | None
) -> Call[Tagged[types.OwnReminders]]:
    return change("PUT", _reminders(task_id), new, tagged, if_match)


def list_space_reminders(query: types.ListSpaceRemindersQuery) -> Call[types.OwnRemindersList]:
    return read("/api/reminders", _page("tasks"), query)


def _reminders(task_id: str) -> str:
    return path_of(_TASKS, "reminders", task_id=task_id)


def export_space() -> Call[types.SpaceExport]:
    return read("/api/export", content)


def list_members() -> Call[list[types.Member]]:
    return read(_MEMBERS, lambda reply: _array(reply, "members", "id"))


def get_member(member_id: str) -> Call[Tagged[types.Member]]:
    return read(path_of(_MEMBERS, member_id=member_id), tagged)


def update_member(
    member_id: str, changes: types.MemberChanges, if_match: str | None
) -> Call[Tagged[types.Member]]:
    return change("PUT", path_of(_MEMBERS, member_id=member_id), changes, tagged, if_match)


def patch_member(
    member_id: str, changes: types.MemberChanges, if_match: str | None
) -> Call[Tagged[types.Member]]:
    return change("PATCH", path_of(_MEMBERS, member_id=member_id), changes, tagged, if_match)


def remove_member(member_id: str, if_match: str | None) -> Call[types.MemberRemoved]:
    return delete(path_of(_MEMBERS, member_id=member_id), content, {}, if_match)


def list_invitations() -> Call[list[types.Invitation]]:
    return read(_INVITATIONS, lambda reply: _array(reply, "invitations", "id"))


def create_invitation(new: types.NewInvitation, key: str | None) -> Call[types.CreatedInvitation]:
    return post(_INVITATIONS, new, content, key)


def revoke_invitation(invitation_id: str) -> Call[types.InvitationRevoked]:
    return delete(path_of(_INVITATIONS, invitation_id=invitation_id), content, {})


# Health


def get_health() -> Call[types.Alive]:
    return read("/health", content)


def get_readiness() -> Call[types.Ready]:
    return read("/health/ready", content)


def _task(reply: Reply) -> Tagged[Any]:
    return tagged(reply, *_TASK)


def _page(name: str, *keys: str) -> Callable[[Reply], Any]:
    """Returns a function that reads a page of objects with these keys."""

    def page_of(reply: Reply) -> Any:
        page = reply.json(name, "next_cursor")
        array_of(page[name], *keys)
        return page

    return page_of


def _trash(reply: Reply) -> Any:
    page = _page("tasks", "task", "deleted_at")(reply)
    array_of([one["task"] for one in page["tasks"]], *_TASK)
    return page


def _spaces(reply: Reply) -> list[Any]:
    spaces = _array(reply, "spaces", "space")
    array_of([one["space"] for one in spaces], *_TITLED)
    return spaces


def _array(reply: Reply, name: str, *keys: str) -> list[Any]:
    return array_of(reply.json(name)[name], *keys)


def _count(reply: Reply, name: str) -> int:
    count = reply.json(name)[name]
    if isinstance(count, int):
        return count
    raise other_service()


def _dates(reply: Reply) -> list[str]:
    dates = reply.json("dates")["dates"]
    if isinstance(dates, list):
        return dates
    raise other_service()


def _tasks(reply: Reply) -> int:
    return _count(reply, "tasks")
