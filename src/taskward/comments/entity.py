"""The declaration of comments as an entity."""

from functools import partial
from typing import Final

from taskward.comments.models import Comment, CommentChanges, NewComment, comment_json
from taskward.comments.statements import GET_COMMENT
from taskward.comments.steps import CommentSteps
from taskward.comments.tables import COMMENT_TOMBSTONES, COMMENTS, CommentRecord
from taskward.entity import Entity

COMMENT: Final = Entity(
    kind="comment",
    plural="comments",
    table=COMMENTS,
    tombstones=COMMENT_TOMBSTONES,
    record=CommentRecord,
    to_json=comment_json,
    model=Comment,
    new=NewComment,
    changes=CommentChanges,
    get=GET_COMMENT,
    batch_steps=partial(CommentSteps, is_batch=True),
    goes_with="tasks",
)
