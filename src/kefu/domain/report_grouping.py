from enum import StrEnum


class ReportGrouping(StrEnum):
    """What the figures of a service report are charged to."""

    NONE = "NONE"
    GROUP = "GROUP"
    AGENT = "AGENT"
    CHANNEL = "CHANNEL"
