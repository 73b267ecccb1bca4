from enum import StrEnum


class Channel(StrEnum):
    """Where a visitor writes from. A visitor has at most one open session per channel."""

    APP = "APP"
    WEB = "WEB"
    WECHAT = "WECHAT"
    WEIBO = "WEIBO"
    PHONE = "PHONE"
    API = "API"
