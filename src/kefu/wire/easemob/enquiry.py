"""A visitor's answer to "how was it?": `ctrlType: "enquiry"` on an empty text, whether he was invited or not.

It is no message, so that one after the end opens no new session. `inviteId` is echoed by some clients and invented by
others: nothing hangs on it.
"""

import re
from collections.abc import Mapping
from typing import Any

from kefu.dataclass import dataclass
from kefu.desk.call import Call
from kefu.desk.desk import Desk
from kefu.desk.ratings import rate_or_keep_apart
from kefu.domain.bounds import COMMENT_LENGTH_MAX, NAME_LENGTH_MAX, TAGS_MAX
from kefu.domain.rating import RatingAnswers
from kefu.domain.routing_keys import clean_keys, weichat_of
from kefu.domain.session_ref import SessionRef
from kefu.records import sessions
from kefu.wire.easemob.errors import ApiError, Failed

CTRL_TYPE = "enquiry"
_SESSIONS_MAX = 50
"""Of a visitor's sessions, the latest ones that an answer can name."""
_LONE_SURROGATES = re.compile(r"[\ud800-\udfff]")


@dataclass(frozen=True, kw_only=True, slots=True)
class Enquiry:
    session_id: str | None
    """None: the visitor's latest."""
    stars: int | None
    score: str
    comment: str
    tags: tuple[str, ...]


def enquiry_in(ext: Mapping[str, Any] | None) -> Enquiry | None:
    """The answer that a message's `ext` carries; None if it carries none."""
    weichat = weichat_of(ext)
    if weichat.get("ctrlType") != CTRL_TYPE:
        return None
    given = weichat.get("ctrlArgs")
    arguments = clean_keys(given) if isinstance(given, Mapping) else {}
    session_id, score = arguments.get("serviceSessionId"), arguments.get("summary")
    return Enquiry(
        session_id=session_id if isinstance(session_id, str) and session_id.strip() else None,
        stars=_stars(score),
        score=_text(score),
        comment=_text(arguments.get("detail"))[:COMMENT_LENGTH_MAX],
        tags=_tags(arguments.get("appraiseTags")),
    )


async def take_enquiry(desk: Desk, call: Call, visitor: str, enquiry: Enquiry) -> SessionRef:
    """The session that it was about. Raises `Failed` if the visitor has no such session."""
    found = await sessions.of_visitor(desk.store, call.tenant, visitor, _SESSIONS_MAX)
    ref = next((each.ref for each in found if enquiry.session_id in (None, each.id)), None)
    if ref is None:
        raise Failed(ApiError.PARAM_INVALID)
    answers = RatingAnswers(stars=enquiry.stars, comment=enquiry.comment, tags=enquiry.tags) if enquiry.stars else None
    await rate_or_keep_apart(desk, call, ref, answers, score=enquiry.score, comment=enquiry.comment)
    return ref


def _stars(score: object) -> int | None:
    """A whole number from 1 to 5, or the digit as a text."""
    if isinstance(score, str):
        return int(score) if re.fullmatch("[1-5]", score) else None
    is_whole = isinstance(score, int | float) and not isinstance(score, bool) and score in range(1, 6)
    return int(score) if is_whole and isinstance(score, int | float) else None


def _tags(given: object) -> tuple[str, ...]:
    """The names of what the visitor ticked."""
    named = [each.get("name") for each in given if isinstance(each, Mapping)] if isinstance(given, list) else []
    return tuple(_text(each)[:NAME_LENGTH_MAX] for each in named[:TAGS_MAX] if isinstance(each, str) and each.strip())


def _text(value: object) -> str:
    return "" if value is None else _LONE_SURROGATES.sub("", str(value))
