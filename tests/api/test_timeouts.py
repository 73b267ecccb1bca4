"""Time-outs as a tenant sets them."""

import asyncio
from typing import Any

import pytest

from api.company import Company
from kefu.desk.visitor_presence import presence_of
from kefu.domain.channel import Channel
from kefu.records import sessions, visitor_presence

SETTINGS = "settings { visitorTimeout agentTimeout pendingTimeout timeoutWarning timeoutWarningText }"


async def updated(company: Company, **given: Any) -> dict[str, Any]:
    settings: dict[str, Any] = (await company.partner.do("tenantSettingsUpdate", SETTINGS, **given))["settings"]
    return settings


async def test_at_first_nothing_times_out(company: Company) -> None:
    settings = await updated(company)
    assert settings.pop("timeoutWarningText")
    assert list(settings.values()) == [None] * 4


async def test_what_is_left_out_stays_and_nothing_at_all_switches_it_off(company: Company) -> None:
    given = {"visitorTimeout": "PT10M", "agentTimeout": "PT5M", "timeoutWarning": "PT30S", "timeoutWarningText": "?"}
    await updated(company, **given)
    assert await updated(company, agentTimeout="PT0S", pendingTimeout="PT1H") == {
        "visitorTimeout": "PT600S",
        "agentTimeout": None,
        "pendingTimeout": "PT3600S",
        "timeoutWarning": "PT30S",
        "timeoutWarningText": "?",
    }


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("visitorTimeout", "PT9S"),
        ("agentTimeout", "PT169H"),
        ("pendingTimeout", "PT59S"),
        ("timeoutWarning", "PT6M"),
        ("timeoutWarningText", " "),
        ("presenceLease", "PT29S"),
        ("reassignAfterOffline", "PT25H"),
    ],
)
async def test_a_time_out_that_makes_no_sense_is_refused_and_says_which(
    company: Company, field: str, value: str
) -> None:
    error = await company.partner.refused("tenantSettingsUpdate", **{"visitorTimeout": "PT10M", field: value})
    assert (error["code"], error["field"]) == ("INVALID_INPUT", ["input", field])


async def test_leases_are_as_long_as_the_tenant_says(company: Company) -> None:
    given = {"presenceLease": "PT5M", "reassignAfterOffline": "PT0S"}
    saved = await company.partner.do("tenantSettingsUpdate", "settings { presenceLease reassignAfterOffline }", **given)
    assert saved["settings"] == {"presenceLease": "PT300S", "reassignAfterOffline": "PT0S"}


async def test_any_request_with_an_agents_token_starts_his_lease(company: Company) -> None:
    await company.agent("a")
    asked = "{ viewer { agent { leaseExpiresAt } } }"
    assert (await company.agent_api("a").ask(asked))["viewer"]["agent"]["leaseExpiresAt"] is not None


async def test_a_status_set_by_the_partner_has_no_lease(company: Company) -> None:
    await company.agent("a")
    saved = await company.partner.do("agentStatusSet", "agent { leaseExpiresAt }", userName="a", status="ONLINE")
    assert saved["agent"]["leaseExpiresAt"] is None


async def test_an_end_for_silence_says_why(company: Company) -> None:
    asked = '{ __type(name: "SessionEventKind") { enumValues { name } } }'
    names = {each["name"] for each in (await company.partner.ask(asked))["__type"]["enumValues"]}
    assert names >= {"USER_TIMEOUT_END", "AGENT_TIMEOUT_END", "PENDING_AUTO_END", "TIMEOUT_WARNED"}


async def seen_at(company: Company, visitor: str) -> int:
    server = company.server
    seen = await server.inside(visitor_presence.load(server.desk.store, company.tenant, visitor, Channel.APP))
    return seen.at


async def present_at(company: Company, visitor: str) -> int:
    """As it counts for his waiting session."""
    desk = company.server.desk
    waiting = await company.server.inside(sessions.newest(desk.store, company.tenant, visitor, Channel.APP))
    assert waiting is not None
    return (await company.server.inside(presence_of(desk, company.tenant, waiting.value.session))).at


async def test_p27_a_visitor_who_asks_is_there(company: Company) -> None:
    await updated(company, pendingTimeout="PT1M")
    await company.visitor_api("V").ask("{ viewer { role } }")
    assert await seen_at(company, "V") > 0


async def test_p27_a_visitor_with_an_open_socket_is_there(company: Company) -> None:
    """A process that holds it writes it down; behind a gateway nobody does, and his subscriptions are looked for."""
    await updated(company, pendingTimeout="PT1M")
    await company.receive("V", "hello")
    assert await present_at(company, "V") == 0
    async with company.visitor_api("V").subscribe("subscription { sessionEvents { event { kind } } }"):
        async with asyncio.timeout(60):
            while not await present_at(company, "V"):  # noqa: ASYNC110  another process may write it
                await asyncio.sleep(0)


async def test_without_a_pending_time_out_it_is_not_written_down(company: Company) -> None:
    await company.visitor_api("V").ask("{ viewer { role } }")
    assert await seen_at(company, "V") == 0
