"""What a visitor has left, for tests that look behind the desk's back."""

from kefu.records import keys
from kefu.records.left_messages import CODEC, LeftMessage
from kefu.store.port import Span, Store


async def left_by(store: Store, tenant: str, visitor: str, limit: int) -> list[LeftMessage]:
    """A visitor's left messages, newest first."""
    page = await store.scan(
        keys.visitor_partition(tenant, visitor), Span(after="LEFT#", before="LEFT$", limit=limit, newest_first=True)
    )
    return [CODEC.decode(record.value) for record in page.records]
