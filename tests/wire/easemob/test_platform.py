"""The platform REST: access tokens, bindings, error codes; rows E, vectors R, oddities c."""

import asyncio
import re
from dataclasses import replace
from random import Random
from typing import Any

import pytest
from shop import TENANT

from kefu.desk.call import Role
from kefu.domain.instants import SECOND
from kefu.testing.faults import ROUGH, FaultRates, FaultyStore
from kefu.wire.easemob.errors import ApiError
from wire.easemob.vendor import (
    CREDENTIALS,
    FV,
    FVA,
    OK,
    OTHER_CLIENT_ID,
    OTHER_SECRET_ID,
    OTHER_TENANT,
    TEXTS,
    Vendor,
    bearer,
    client_of,
    failed,
)

ELSEWHERE = {"clientId": OTHER_CLIENT_ID, "secretId": OTHER_SECRET_ID}
NO_VALUE: dict[str, Any] = {
    "empty": "",
    "blank": " \u3000",
    "two": ["F", "G"],
    "null": None,
    "a number": 7,
    "an object": {"F": 1},
    "true": True,
    "too long": "F" * 129,
    "a control character": "F\x00",
}


async def test_e01_r01_the_right_credentials_get_a_token_of_two_hours(vendor: Vendor) -> None:
    answer = await vendor.access_token(tenantId=TENANT)
    assert re.fullmatch(r"[0-9a-f]{32}", answer["entity"].pop("accessToken"))
    assert answer == {"status": "OK", "entity": {"expireTime": 7200}}


async def test_e01_the_token_authorises_other_calls(vendor: Vendor) -> None:
    assert await vendor.bind() == OK


async def test_r02_c03_the_shorter_path_of_the_curl_gets_a_token_too(vendor: Vendor) -> None:
    answer = await vendor.answer("POST", f"/api/tenant/{TENANT}/accessToken", json=CREDENTIALS)
    assert answer["status"] == "OK"


async def test_e02_r12_a_token_lives_two_hours_and_no_longer(vendor: Vendor) -> None:
    vendor.shop.clock.advance(7_200 * SECOND - 2)
    assert await vendor.bind() == OK
    assert await vendor.unbind() == failed("API_002")


async def test_e02_asking_again_gives_a_token_that_works_beside_the_first(vendor: Vendor) -> None:
    first = vendor.token
    await vendor.start()
    assert vendor.token != first
    assert await vendor.bind() == OK
    assert await vendor.unbind(headers={"Kefu-Token": first}) == OK


@pytest.mark.parametrize("headers", [{}, {"Kefu-Token": ""}, {"Kefu-Token": "0" * 32}, {"Kefu-Token": "x"}])
async def test_r12_c05_without_a_token_of_ours_nothing_is_bound(vendor: Vendor, headers: dict[str, str]) -> None:
    assert await vendor.bind(headers=headers) == failed("API_002")


@pytest.mark.parametrize("tenant", ["999999", "abc", "-1", "2008O", "9" * 200, "٢٠٠٨٠"])
async def test_e03_r04_an_unknown_tenant_in_the_path(vendor: Vendor, tenant: str) -> None:
    assert await vendor.access_token(tenant) == failed("API_003")
    assert await vendor.bind(tenant=tenant) == failed("API_003")


@pytest.mark.parametrize("named", ["20081", 20081, "租户ID", 20080.0, True, [], {}, "", " 20080"])
async def test_e03_r05_c07_another_tenant_in_the_body(vendor: Vendor, named: object) -> None:
    assert await vendor.access_token(tenantId=named) == failed("API_003")
    assert await vendor.bind(FVA | {"tenantId": named}) == failed("API_003")


@pytest.mark.parametrize("named", ["20080", 20080, None])
async def test_c07_the_bodys_tenant_may_be_a_number_its_digits_or_left_out(vendor: Vendor, named: object) -> None:
    assert (await vendor.access_token(tenantId=named))["status"] == "OK"


async def test_e03_right_credentials_of_another_tenant(vendor: Vendor) -> None:
    assert await vendor.access_token(**ELSEWHERE) == failed("API_003")


async def test_e04_whose_a_client_id_is_stays_hidden_from_who_lacks_its_secret(vendor: Vendor) -> None:
    assert await vendor.access_token(clientId=OTHER_CLIENT_ID) == failed("API_004")


async def test_r13_a_token_of_one_tenant_does_nothing_at_another(vendor: Vendor) -> None:
    assert await vendor.bind(tenant=OTHER_TENANT) == failed("API_003")


@pytest.mark.parametrize("wrong", [{"secretId": "wrong"}, {"clientId": "wrong"}, {"secretId": "秘"}])
async def test_e04_r03_wrong_credentials(vendor: Vendor, wrong: dict[str, str]) -> None:
    assert await vendor.access_token(**wrong) == failed("API_004")


@pytest.mark.parametrize(
    "value", [NO_VALUE[name] for name in ("empty", "null", "two", "a number", "an object", "true")]
)
@pytest.mark.parametrize("name", CREDENTIALS)
async def test_e25_credentials_that_are_no_text(vendor: Vendor, name: str, value: object) -> None:
    assert await vendor.access_token(**{name: value}) == failed("API_001")


async def test_e05_r06_a_bound_visitors_next_session_goes_to_that_agent(vendor: Vendor) -> None:
    assert await vendor.bind() == OK
    assert await vendor.bound_agent() == "with a"


@pytest.mark.parametrize("value", NO_VALUE.values(), ids=NO_VALUE)
@pytest.mark.parametrize("name", FVA)
async def test_e06_r10_a_bad_parameter_binds_nothing(vendor: Vendor, name: str, value: object) -> None:
    before = await vendor.position()
    assert await vendor.bind(FVA | {name: value}) == failed("API_001")
    assert await vendor.position() == before


@pytest.mark.parametrize("name", FVA)
async def test_e06_r10_a_missing_parameter_binds_nothing(vendor: Vendor, name: str) -> None:
    before = await vendor.position()
    assert await vendor.bind({key: value for key, value in FVA.items() if key != name}) == failed("API_001")
    assert await vendor.position() == before


async def test_e06_an_unknown_agent_binds_nothing(vendor: Vendor) -> None:
    before = await vendor.position()
    assert await vendor.bind(FVA | {"agentUserName": "nobody@x.com"}) == failed("API_001")
    assert await vendor.position() == before


async def test_e07_r07_the_same_binding_twice_is_refused(vendor: Vendor) -> None:
    await vendor.bind()
    assert await vendor.bind() == failed("API_120")


async def test_e07_r08_another_agent_for_the_same_pair_is_refused_and_the_first_stays(vendor: Vendor) -> None:
    await vendor.bind()
    assert await vendor.bind(FVA | {"agentUserName": "b"}) == failed("API_120")
    assert await vendor.bound_agent() == "with a"


async def test_e07_of_bindings_made_at_once_one_comes_through(vendor: Vendor) -> None:
    answers = await asyncio.gather(*(vendor.bind(FVA | {"agentUserName": name}) for name in "abcd"))
    assert sorted(answer["status"] for answer in answers) == ["FAIL", "FAIL", "FAIL", "OK"]


async def test_e08_r14_an_unbound_pair_is_routed_by_the_rules_and_may_be_bound_again(vendor: Vendor) -> None:
    await vendor.bind()
    assert await vendor.unbind() == OK
    assert await vendor.where(text_with_flag()) == "with c"
    assert await vendor.bind(FVA | {"agentUserName": "b"}) == OK


async def test_r14_after_unbinding_another_agent_may_be_bound(vendor: Vendor) -> None:
    await vendor.bind()
    await vendor.unbind()
    await vendor.bind(FVA | {"agentUserName": "b"})
    assert await vendor.bound_agent() == "with b"


async def test_r15_unbinding_twice_is_no_error(vendor: Vendor) -> None:
    await vendor.bind()
    assert [await vendor.unbind(), await vendor.unbind()] == [OK, OK]


async def test_r15_unless_the_tenant_wants_it_strict(vendor: Vendor) -> None:
    await vendor.shop.settings(strict_unbind=True)
    await vendor.bind()
    assert [await vendor.unbind(), await vendor.unbind()] == [OK, failed("API_120")]


@pytest.mark.parametrize("value", NO_VALUE.values(), ids=NO_VALUE)
@pytest.mark.parametrize("name", FV)
async def test_e09_a_bad_parameter_unbinds_nothing(vendor: Vendor, name: str, value: object) -> None:
    await vendor.bind()
    before = await vendor.position()
    assert await vendor.unbind(FV | {name: value}) == failed("API_001")
    assert await vendor.position() == before


@pytest.mark.parametrize("body", [b"", b"  ", b"{}", b"null"])
async def test_e09_r16_an_empty_body_unbinds_nothing(vendor: Vendor, body: bytes) -> None:
    assert await vendor.unbind(content=body) == failed("API_001")


async def test_e09_the_names_may_stand_in_the_query_of_a_delete(vendor: Vendor) -> None:
    await vendor.bind()
    assert await vendor.unbind(content=b"", params=FV) == OK
    assert await vendor.bound_agent() == "with c"


async def test_e09_a_body_that_is_too_long_is_refused_whatever_the_query_says(vendor: Vendor) -> None:
    await vendor.bind()
    assert await vendor.unbind(content=b" " * 1_100_000, params=FV) == failed("API_001")
    assert await vendor.bound_agent() == "with a"


async def test_r18_flags_differ_by_case(vendor: Vendor) -> None:
    assert await vendor.bind() == OK
    assert await vendor.bind(FVA | {"businessFlag": "f", "agentUserName": "b"}) == OK
    assert await vendor.bound_agent("f") == "with b"


async def test_r18_agents_logins_do_not(vendor: Vendor) -> None:
    await vendor.bind(FVA | {"agentUserName": "A"})
    assert await vendor.bound_agent() == "with a"


@pytest.mark.parametrize("padded", [" F", "F ", "\u3000F"])
async def test_r18_flags_are_never_trimmed(vendor: Vendor, padded: str) -> None:
    await vendor.bind(FVA | {"businessFlag": padded})
    assert await vendor.bound_agent() == "with c"


@pytest.mark.parametrize("path", ["busniessbind", "businessbind"])
async def test_c01_both_spellings_of_the_path_are_one(vendor: Vendor, path: str) -> None:
    assert await vendor.bind(path=path) == OK
    assert await vendor.bind(path="businessbind") == failed("API_120")


@pytest.mark.parametrize("key", [" businessFlag ", "\u00a0businessFlag", "businessFlag\u200b"])
async def test_c02_keys_of_bodies_are_read_without_padding(vendor: Vendor, key: str) -> None:
    assert await vendor.bind({key: "F", "visitUserName": "V", "agentUserName": "a"}) == OK
    assert await vendor.bound_agent() == "with a"


async def test_c02_a_clean_key_goes_before_a_padded_one(vendor: Vendor) -> None:
    await vendor.bind({" businessFlag ": "G"} | FVA)
    assert await vendor.bound_agent() == "with a"


async def test_c04_the_misspelt_header_works(vendor: Vendor) -> None:
    assert await vendor.bind(headers={"Kefu-Toke": vendor.token}) == OK


async def test_c04_where_both_headers_come_the_right_one_counts(vendor: Vendor) -> None:
    assert await vendor.bind(headers={"Kefu-Toke": "x", "Kefu-Token": vendor.token}) == OK
    assert await vendor.unbind(headers={"Kefu-Toke": vendor.token, "Kefu-Token": "x"}) == failed("API_002")


async def test_c04_the_token_call_itself_needs_none(vendor: Vendor) -> None:
    given = {"json": CREDENTIALS, "headers": {"Kefu-Toke": "x"}}
    assert (await vendor.answer("POST", f"/api/platform/tenants/{TENANT}/accessToken", **given))["status"] == "OK"


async def test_c06_the_answers_key_is_in_lower_case(vendor: Vendor) -> None:
    assert list(await vendor.access_token()) == ["status", "entity"]


@pytest.mark.parametrize("visitor", ["visitUserName", "visitorUserName"])
@pytest.mark.parametrize("agent", ["agentUserName", "agentUsername"])
async def test_c09_names_have_two_spellings(vendor: Vendor, visitor: str, agent: str) -> None:
    assert await vendor.bind({"businessFlag": "F", visitor: "V", agent: "a"}) == OK
    assert await vendor.unbind({"businessFlag": "F", visitor: "V"}) == OK


async def test_c10_quotes_copied_from_a_page_are_not_mended(vendor: Vendor) -> None:
    copied = "{“businessFlag”:“F”,“visitUserName”:“V”,“agentUserName”:“a”}".encode()
    assert await vendor.bind(content=copied) == failed("API_001")


@pytest.mark.parametrize("role", [Role.VISITOR, Role.AGENT])
async def test_bindings_are_not_made_with_a_visitors_or_an_agents_token(vendor: Vendor, role: Role) -> None:
    assert await vendor.bind(headers=bearer(role, "a", vendor.shop)) == failed("API_002")


async def test_the_tenant_is_looked_at_first_then_the_token_then_the_body(vendor: Vendor) -> None:
    assert await vendor.bind({}, tenant="999999", headers={}) == failed("API_003")
    assert await vendor.bind({}, headers={}) == failed("API_002")
    assert await vendor.bind({}, tenant=OTHER_TENANT) == failed("API_003")
    assert await vendor.bind({}) == failed("API_001")


STRICT = {
    "API_001": (400, {"json": {}}),
    "API_002": (401, {"json": FVA, "headers": {}}),
    "API_120": (409, {"json": FVA}),
}


async def test_e20_without_the_entitlement_nothing_is_bound_or_unbound(vendor: Vendor) -> None:
    await vendor.bind()
    await vendor.shop.settings(bindings_entitled=False)
    before = await vendor.position()
    assert await vendor.bind({**FVA, "businessFlag": "F2"}) == failed("API_120")
    assert await vendor.unbind() == failed("API_120")
    assert await vendor.bind({"businessFlag": "F"}) == failed("API_001"), "what is wrong in itself is said first"
    assert await vendor.position() == before


async def test_e20_with_the_entitlement_again_the_binding_holds(vendor: Vendor) -> None:
    await vendor.bind()
    await vendor.shop.settings(bindings_entitled=False)
    await vendor.shop.settings(bindings_entitled=True)
    assert await vendor.bound_agent() == "with a"


@pytest.mark.parametrize(("code", "row"), STRICT.items(), ids=STRICT)
async def test_e25_a_tenant_may_want_a_status_with_each_code(
    vendor: Vendor, code: str, row: tuple[int, dict[str, Any]]
) -> None:
    await vendor.bind()
    await vendor.shop.settings(strict_http_status=True)
    status, given = row
    given = {"headers": {"Kefu-Token": vendor.token}} | given
    response = await vendor.send("POST", f"/api/platform/tenants/{TENANT}/busniessbind", **given)
    assert (response.status_code, response.json()) == (status, failed(code))


@pytest.mark.parametrize(("wrong", "code"), [({"secretId": "x"}, "API_004"), (ELSEWHERE, "API_003")])
async def test_e25_a_strict_tenants_credentials(vendor: Vendor, wrong: dict[str, str], code: str) -> None:
    await vendor.shop.settings(strict_http_status=True)
    path = f"/api/platform/tenants/{TENANT}/accessToken"
    response = await vendor.send("POST", path, json=CREDENTIALS | wrong)
    assert (response.status_code, response.json()["errorCode"]) == (403, code)


UNREACHABLE = FaultRates(throttled=1)
CALLS: dict[str, tuple[str, str, dict[str, Any]]] = {
    "token": ("POST", "accessToken", CREDENTIALS),
    "bind": ("POST", "busniessbind", FVA),
    "unbind": ("DELETE", "busniessbind", FV),
    "message": ("POST", "messages", {"from": "V", "msg": {"type": "txt", "msg": "x"}}),
}


@pytest.mark.parametrize(("method", "path", "body"), CALLS.values(), ids=CALLS)
async def test_e25_a_store_that_takes_no_requests_is_told_as_a_failed_one(
    vendor: Vendor, method: str, path: str, body: dict[str, Any]
) -> None:
    desk = replace(vendor.shop.desk, store=FaultyStore(vendor.shop.desk.store, Random(1), UNREACHABLE))
    before = await vendor.position()
    async with client_of(desk) as http:
        url, headers = f"/api/platform/tenants/{TENANT}/{path}", {"Kefu-Token": vendor.token}
        response = await http.request(method, url, json=body, headers=headers)
    assert (response.status_code, response.json()) == (200, failed("API_400"))
    assert await vendor.position() == before


async def test_e25_a_strict_tenants_failed_request_is_503(vendor: Vendor) -> None:
    await vendor.shop.settings(strict_http_status=True)
    desk = replace(vendor.shop.desk, store=FaultyStore(vendor.shop.desk.store, Random(1), FaultRates(conflict=1)))
    async with client_of(desk) as http:
        url, headers = f"/api/platform/tenants/{TENANT}/busniessbind", {"Kefu-Token": vendor.token}
        response = await http.post(url, json=FVA, headers=headers)
    assert (response.status_code, response.json()) == (503, failed("API_400"))


def test_e25_the_list_of_codes_is_complete() -> None:
    assert dict(error.value for error in ApiError) == TEXTS


@pytest.mark.parametrize("name", ["bind", "message"])
async def test_e25_who_lost_too_often_against_others_is_told_that_it_failed(vendor: Vendor, name: str) -> None:
    desk = replace(vendor.shop.desk, store=FaultyStore(vendor.shop.desk.store, Random(1), FaultRates(conflict=1)))
    method, path, body = CALLS[name]
    async with client_of(desk) as http:
        url, headers = f"/api/platform/tenants/{TENANT}/{path}", {"Kefu-Token": vendor.token}
        assert (await http.request(method, url, json=body, headers=headers)).json() == failed("API_400")


async def test_e25_whatever_a_rough_store_does_is_answered_in_the_dialect(vendor: Vendor) -> None:
    desk = replace(vendor.shop.desk, store=FaultyStore(vendor.shop.desk.store, Random(7), ROUGH))
    async with client_of(desk) as http:
        for method, path, body in list(CALLS.values()) * 20:
            url, headers = f"/api/platform/tenants/{TENANT}/{path}", {"Kefu-Token": vendor.token}
            answer = (await http.request(method, url, json=body, headers=headers)).json()
            assert answer.get("errorCode", "OK") in {"OK", "API_120", "API_400"}
    await vendor.shop.check()


def text_with_flag() -> dict[str, Any]:
    return {"msg": {"type": "txt", "msg": "你好"}, "ext": {"weichat": {"businessFlag": "F"}}}


def test_e25_the_texts_are_the_vendors() -> None:
    assert dict(error.value for error in ApiError) == TEXTS
