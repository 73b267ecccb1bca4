"""The whole way: a server as `kefu serve` runs it, its API, and a receiver on this machine."""

from collections.abc import Iterator

import pytest

from api.company import found_company
from api.graphql_client import calling
from api.serving import Server, serving
from gateway.stage import eventually
from kefu.settings import Settings
from webhooks.test_posting import endpoint


@pytest.fixture
def server() -> Iterator[Server]:
    with serving(Settings(webhook_allow_private=True)) as server:
        yield server


async def test_a_webhook_saved_over_the_api_is_told_what_happens(server: Server) -> None:
    async with calling(server.url) as http, endpoint() as there:
        company = await found_company(server, http)
        await company.agent("a")
        given = {"url": there.url("/t"), "dialect": "TENCENT", "sdkAppId": "1400000000", "secret": "mytoken"}
        await company.partner.do("webhookSave", "webhook { id }", **given)
        session = await company.write("V")
        await company.close(session["id"])
        await eventually(lambda: len(there.requests) >= 6)
    events = [request.partition(b'"Event":"')[2].partition(b'"')[0].decode() for request in there.requests]
    assert events == [
        "SessionBegin",
        "Human.UserSendMsg",
        "TransferringToHuman",
        "TransferToHumanSuccess",
        "SessionAgentEnd",
        "SessionEnd",
    ]
    assert there.requests[0].startswith(
        b"POST /t?SdkAppid=1400000000&CallbackCommand=Desk.SessionEventNotify&contenttype"
    )
