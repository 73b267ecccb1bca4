"""What a visitor says of the service, what he leaves behind, and what he is offered while he types."""

from collections.abc import Mapping
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from kefu.desk.left_messages import MessageToLeave, leave_message
from kefu.desk.visitor_words import answer_survey, judge_bot
from kefu.domain.rating import RatingAnswers
from kefu.domain.refusals import Declined
from kefu.domain.session import SessionState
from kefu.records import visitor_words
from kefu.wire.huawei.answers import FAILED, OK, Answer, answer
from kefu.wire.huawei.fields import ChannelConfigId, Fields, OnChannel, UserId
from kefu.wire.huawei.visit import CHANNEL, Visit
from kefu.wire.huawei.web_call import AnyWebCall, WebCall

PHRASES_TOLD_MAX = 5
_EMPTY, _WRONG = "2", "3"
_COMMENT_MISSING, _WITH_AGENT = "30000000008", "30000000019"
_LEVELS = (
    ("5", "非常满意", "Very satisfied"),
    ("4", "满意", "Satisfied"),
    ("3", "一般", "Neutral"),
    ("2", "不满意", "Dissatisfied"),
    ("1", "非常不满意", "Very dissatisfied"),
)


class SaveSatisfaction(OnChannel, frozen=True, kw_only=True):
    user_id: UserId
    channel_config_id: ChannelConfigId
    evaluation: Literal["1", "2", "3", "4", "5"]
    comment: Annotated[str, Meta(max_length=511)] = ""
    nps_score: Annotated[str, Meta(pattern=r"^([0-9]|10)\Z")] | Annotated[int, Meta(ge=0, le=10)] | None = None
    fcr_value: Literal["1", "2"] | None = None

    @property
    def user(self) -> str:
        return self.user_id


class SurveyMode(Fields, frozen=True, kw_only=True):
    language: Annotated[str, Meta(max_length=16)] | None = None


class FeedbackSatisfaction(Fields, frozen=True, kw_only=True):
    feedback: Literal[0, 1]
    from_: UserId = msgspec.field(name="from")
    inter_idx: Annotated[str, Meta(min_length=1, max_length=64)]
    feedback_content: Annotated[str, Meta(max_length=64)] | None = None

    @property
    def user(self) -> str:
        return self.from_


class QueryPhrase(OnChannel, frozen=True, kw_only=True):
    str_content: Annotated[str, Meta(max_length=1_024)]
    locale: Annotated[str, Meta(max_length=16)] = "zh"


class LeaveMessage(OnChannel, frozen=True, kw_only=True):
    call_id: UserId
    caller: Annotated[str, Meta(pattern=r"^\+?[0-9][0-9 ()-]{1,30}\Z")]
    leave_message: str

    @property
    def user(self) -> str:
        return self.call_id


async def save_satisfaction(visit: Visit, asked: SaveSatisfaction) -> Answer:
    answers = RatingAnswers(
        stars=int(asked.evaluation),
        comment=asked.comment,
        recommends=int(asked.nps_score) if asked.nps_score is not None else None,
        was_solved=asked.fcr_value == "1" if asked.fcr_value is not None else None,
    )
    await answer_survey(visit.desk, visit.call, CHANNEL, answers)
    return answer(OK, "save satisfaction success.")


async def survey_mode(visit: Visit, asked: SurveyMode) -> Answer:
    is_chinese = (asked.language or visit.visitor.locale).lower().startswith("zh")
    levels = [
        {"satisfactionLevelKey": key, "satisfactionLevelDesc": chinese if is_chinese else english}
        for key, chinese, english in _LEVELS
    ]
    survey = {"surveyType": "WEB", "satisfactionLevel": levels, "satisfactionQuestion": ["CSAT", "NPS", "FCR"]}
    return answer(OK, "success", satisfactionSurvey=survey)


async def feedback_satisfaction(visit: Visit, asked: FeedbackSatisfaction) -> Answer:
    comment = (asked.feedback_content or "").strip()
    if not asked.feedback and not comment:
        return answer(_COMMENT_MISSING, "feedbackContent is required with feedback 0.")
    newest = await visit.newest()
    if newest and newest.value.session.is_open and newest.value.session.state is not SessionState.BOT:
        return answer(_WITH_AGENT, "The session is not with the robot.")
    try:
        await judge_bot(
            visit.desk, visit.call, CHANNEL, message=asked.inter_idx, is_good=bool(asked.feedback), comment=comment
        )
    except Declined:
        return answer(FAILED, "There is no robot's answer to judge.")
    return answer(OK, "success")


async def query_phrase(visit: Visit, asked: QueryPhrase) -> Answer:
    typed = asked.str_content.strip().casefold()
    listed = await visitor_words.phrases(visit.desk.store, visit.tenant) if typed else ()
    found = [phrase for phrase in listed if typed in phrase.casefold()][:PHRASES_TOLD_MAX]
    return answer(OK, "success", question=found, phrases=found)


async def do_leave_message(visit: Visit, asked: LeaveMessage) -> Answer:
    if not asked.leave_message.strip():
        return answer(_EMPTY, "leaveMessage is empty.")
    left = MessageToLeave(visitor=asked.user, channel=CHANNEL, phone=asked.caller, text=asked.leave_message)
    await leave_message(visit.desk, visit.call, left)
    return answer(OK, "Save leaveMessage success!")


CALLS: Mapping[str, AnyWebCall] = {
    "savesatisfaction": WebCall(
        asked=SaveSatisfaction, reply=save_satisfaction, missing=FAILED, wrong=FAILED, has_return_code=True
    ),
    "getsatisfactionsurveymode": WebCall(asked=SurveyMode, reply=survey_mode),
    "robot/feedbacksatisfaction": WebCall(asked=FeedbackSatisfaction, reply=feedback_satisfaction),
    "queryphrasebykeyword": WebCall(asked=QueryPhrase, reply=query_phrase),
    "doleavemessage": WebCall(asked=LeaveMessage, reply=do_leave_message, missing=_WRONG, wrong=_WRONG),
}
