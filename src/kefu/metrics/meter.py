"""What a process counts of itself, and Prometheus's text of it (format 0.0.4)."""

from bisect import bisect_left
from collections.abc import Iterator, Mapping
from itertools import accumulate
from typing import NamedTuple

from kefu.domain.log import EventKind

DURATIONS_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Upper ends of a histogram's buckets."""


class Family(NamedTuple):
    name: str
    kind: str
    meaning: str
    label: str = ""
    known: tuple[str, ...] = ()
    """Labels that are there from the start, so that the first time is seen to grow from nothing."""


EVENTS = Family(
    "kefu_session_events_total",
    "counter",
    "Entries of sessions' logs that this process committed: SESSION_BEGIN for each that was opened, one of the ends for each "
    "that was closed.",
    "kind",
    tuple(EventKind),
)
COMMITS = Family(
    "kefu_commits_total",
    "counter",
    "Commits that this process sent: done; conflict, refused because the world moved, and tried again; throttled; unknown.",
    "outcome",
    ("done", "conflict", "throttled", "unknown", "failed"),
)
POSTS = Family(
    "kefu_webhook_posts_total",
    "counter",
    "Requests to webhooks, by whether they were taken.",
    "outcome",
    ("taken", "not_taken"),
)
FOLLOWERS = Family(
    "kefu_changes_followers",
    "gauge",
    "Who follows the store's changes: each subscription, long poll, and webhooks as one.",
    known=("",),
)
REQUESTS = Family("kefu_http_request_duration_seconds", "histogram", "HTTP requests, by the door they came to.", "door")
COUNTED = (EVENTS, COMMITS, POSTS, FOLLOWERS)


class Meter:
    def __init__(self) -> None:
        self._counts: dict[Family, dict[str, int]] = {family: dict.fromkeys(family.known, 0) for family in COUNTED}
        self._durations: dict[str, tuple[list[int], float]] = {}

    def add(self, family: Family, label: str = "", by: int = 1) -> None:
        """`label` is one of those known: few and of our own making, never a tenant's words."""
        self._counts[family][label] += by

    def took(self, door: str, seconds: float) -> None:
        counts, total = self._durations.get(door, ([0] * (len(DURATIONS_S) + 1), 0.0))
        counts[bisect_left(DURATIONS_S, seconds)] += 1
        self._durations[door] = counts, total + seconds

    def text(self) -> str:
        lines = [line for family in COUNTED for line in samples(family, self._counts[family])]
        return "".join(f"{line}\n" for line in (*lines, *self._histogram()))

    def _histogram(self) -> Iterator[str]:
        yield from _head(REQUESTS)
        for door, (counts, total) in sorted(self._durations.items()):
            reached = list(accumulate(counts))
            for end, count in zip((*DURATIONS_S, "+Inf"), reached, strict=True):
                yield f'{REQUESTS.name}_bucket{{door="{door}",le="{end}"}} {count}'
            yield f'{REQUESTS.name}_sum{{door="{door}"}} {total}'
            yield f'{REQUESTS.name}_count{{door="{door}"}} {reached[-1]}'


def samples(family: Family, values: Mapping[str, int]) -> Iterator[str]:
    yield from _head(family)
    for label, value in sorted(values.items()):
        yield (
            f'{family.name}{{{family.label}="{_quoted(label)}"}} {value}' if family.label else f"{family.name} {value}"
        )


def _head(family: Family) -> Iterator[str]:
    yield f"# HELP {family.name} {family.meaning}"
    yield f"# TYPE {family.name} {family.kind}"


def _quoted(label: str) -> str:
    return label.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
