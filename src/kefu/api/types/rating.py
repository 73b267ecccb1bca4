import strawberry

from kefu.api import define
from kefu.api.context import Info
from kefu.api.types.agent import Agent, load_agent_or_former
from kefu.api.types.skill_group import SkillGroup, load_group
from kefu.domain.rating import RatingsBy, Tally


@define.type(description="Ratings counted together.")
class RatingRow:
    by: strawberry.Private[RatingsBy]
    name: strawberry.Private[str]
    count: int = strawberry.field(description="How many ratings.")
    average: float = strawberry.field(description="Their mean, 1 to 5.")
    stars: list[int] = strawberry.field(description="How often each was given, one star first.")

    @classmethod
    def of(cls, by: RatingsBy, name: str, tally: Tally) -> "RatingRow":
        return cls(by=by, name=name, count=tally.count, average=tally.average, stars=list(tally.stars))

    @strawberry.field(description="Whose, counted by AGENT.")
    async def agent(self, info: Info) -> Agent | None:
        return await load_agent_or_former(info, self.name) if self.by is RatingsBy.AGENT and self.name else None

    @strawberry.field(description="Of which group, counted by SKILL_GROUP; null if of none.")
    async def skill_group(self, info: Info) -> SkillGroup | None:
        return await load_group(info, self.name) if self.by is RatingsBy.SKILL_GROUP and self.name else None

    @strawberry.field(description="Which day, as 2026-01-31, counted by DAY.")
    def day(self) -> str | None:
        return self.name if self.by is RatingsBy.DAY else None


@define.type(description="How visitors rated the service in a span of time. Ratings that do not count are left out.")
class RatingReport:
    rows: list[RatingRow] = strawberry.field(description="One for each agent, group or day that was rated.")
    invalid_count: int = strawberry.field(
        description="How many came in the span that do not count: no score from 1 to 5, too late, or nobody had served."
    )
    is_whole: bool = strawberry.field(
        description="Whether all ratings of the span are in it: it stops after 20,000; then ask for a shorter one."
    )
