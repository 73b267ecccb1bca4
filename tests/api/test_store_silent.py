"""A store that does not answer: the client is told so with a code, and may send the same again."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from random import Random

import pytest

from api.company import found_company
from api.graphql_client import Answer, calling
from api.serving import serving
from kefu.store.memory import MemoryStore
from kefu.store.port import Store
from kefu.testing.faults import CALM, FaultRates, FaultyStore

INGEST = "mutation($input: MessageIngestInput!) { messageIngest(input: $input) { userErrors { code } } }"
SILENCE = {
    "an answer lost before the commit": (FaultRates(lost_before=1), "UNAVAILABLE"),
    "an answer lost after the commit": (FaultRates(lost_after=1), "UNAVAILABLE"),
    "commits refused for good": (FaultRates(conflict=1), "BUSY"),
}


def code_of(answer: Answer) -> str:
    """Whether it is told as an error or as a refusal."""
    return answer.code if answer.errors else str(answer.data["messageIngest"]["userErrors"][0]["code"])


@pytest.mark.parametrize(("rates", "code"), SILENCE.values(), ids=SILENCE)
async def test_a_request_that_cannot_finish_says_so_and_is_done_once_when_it_comes_again(
    rates: FaultRates, code: str
) -> None:
    faulty = FaultyStore(MemoryStore(), Random(1), CALM)

    @asynccontextmanager
    async def open_store() -> AsyncIterator[Store]:
        yield faulty

    with serving(open_store=open_store) as server:
        async with calling(server.url) as http:
            company = await found_company(server, http)
            message = {"visitorUserName": "V", "text": "hello", "clientMessageId": "m"}
            faulty.rates = rates
            failed = await company.partner.answer(INGEST, input=message)
            faulty.rates = CALM
            await company.partner.do("messageIngest", "message { text }", **message)
            told = await company.partner.ask(
                '{ visitor(userName: "V") { openSession { messages { nodes { text } } } } }'
            )
    assert code_of(failed) == code
    assert told["visitor"]["openSession"]["messages"]["nodes"] == [{"text": "hello"}]
