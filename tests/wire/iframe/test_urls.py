"""What a CRM window is opened with; rows C2 to C8, C12, C14, vectors I1 to I9, and what follows from the rule."""

from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kefu.desk.legacy_des import decrypt, encrypter
from kefu.domain.agent import Agent
from kefu.domain.channel import Channel
from kefu.domain.custom_parameters import read_custom_parameters
from kefu.domain.iframe import CipherMode, Iframe, UrlRefused, origin_of, read_window_url
from kefu.domain.iframe_url import CALLS, EXTRAS, Opening, PhoneCall, dropped_names, system_parameters, window_url
from kefu.domain.session import Session
from kefu.domain.session_ref import SessionRef
from kefu.domain.visitor import VisitorProfile

KEY = "12345678X"
CRM = "https://crm.example/"
DOMAIN = "https://www.yourdomain.com/"
SERVICE = "107937"
DEFAULTS = "easemobId=107937&visitorImId=v1&to=107937"
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
NAMES = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20)


def window(url: str = CRM, **given: Any) -> Iframe:
    return Iframe(id="i1", name="CRM", url=url, **{"easemob_id": SERVICE} | given)


def opening(visitor: str = "v1", **given: Any) -> Opening:
    ref = SessionRef(visitor, Channel.WEB, 1, "s1")
    return Opening(tenant="20080", session=Session(ref=ref, started_at=0, last_seq=1), **given)


def marker(**params: object) -> tuple[tuple[str, str], ...]:
    return read_custom_parameters({"cmd": {"updateVisitorInfoSrc": {"params": params}}}) or ()


def url_of(iframe: Iframe, opened: Opening | None = None, /, **params: object) -> str:
    encrypt = encrypter(iframe.key, iframe.cipher_mode) if iframe.key else None
    return window_url(iframe, marker(**params), system_parameters(iframe, opened or opening()), encrypt)


def pairs(url: str) -> list[tuple[str, str]]:
    return parse_qsl(urlsplit(url).query, keep_blank_values=True, strict_parsing=True)


AGENT = Agent(user_name="Alice@Shop.example", nickname="艾丽丝", status_changed_at=0, idle_since=0)
CARD = VisitorProfile(nickname="小明", true_name="李明", phone="13800000000", description="VIP & more")


def test_c2_vector_i1_the_page_is_told_the_default_parameters() -> None:
    visitor = "webim-visitor-8K2FTG9QTYWRT8EYVJ7F"
    url = url_of(window(DOMAIN, service_number=visitor), opening(visitor))
    assert url == f"{DOMAIN}?easemobId=107937&visitorImId={visitor}&to={visitor}"


def test_c5_vector_i2_custom_parameters_go_before_ours_in_their_own_order() -> None:
    visitor = "webim-visitor-Q922M6VHRKQG8QFXP6T9"
    given = {"customUserId": "EEP4EVP9CCMTRTCKVJHX", "name": "Jack", "age": "40", "sex": "man"}
    assert url_of(window(DOMAIN, service_number=visitor), opening(visitor), **given) == (
        "https://www.yourdomain.com/?customUserId=EEP4EVP9CCMTRTCKVJHX&name=Jack&age=40&sex=man"
        "&easemobId=107937&visitorImId=webim-visitor-Q922M6VHRKQG8QFXP6T9&to=webim-visitor-Q922M6VHRKQG8QFXP6T9"
    )


def test_vector_i4_what_the_app_encrypted_itself_passes_as_it_came() -> None:
    given = {"name": "877523f86f18f55e", "age": "e86b4e789891107c", "sex": "d221cba8e6efd0ad"}
    told = "name=877523f86f18f55e&age=e86b4e789891107c&sex=d221cba8e6efd0ad"
    assert url_of(window(key=KEY), **given) == f"{CRM}?{told}&{DEFAULTS}"


def test_vector_i6_a_fragment_stays_at_the_end() -> None:
    assert url_of(window(f"{CRM}#/card", language="zh")) == f"{CRM}?{DEFAULTS}&lang=zh#/card"


@pytest.mark.parametrize(
    "name",
    [
        "visitorImId",
        "visitorimid",
        " visitorImId",
        "visitorImId[]",
        "visitorImId ",
        "agentId",
        "ssid",
        "callId",
        "lang",
    ],
)
def test_vector_i7_a_visitor_forges_no_parameter_of_ours(name: str) -> None:
    assert url_of(window(), **{name: "evil", "name": "Jack"}) == url_of(window(), name="Jack")
    assert dropped_names(window(), marker(**{name: "evil", "name": "Jack"})) == [name]


def test_i7_a_visitor_forges_no_parameter_of_the_configured_url() -> None:
    assert url_of(window(f"{CRM}?shop=1"), Shop="2") == f"{CRM}?shop=1&{DEFAULTS}"


def test_vector_i9_numbers_and_booleans_are_their_json_and_null_is_empty() -> None:
    assert url_of(window(), n=5, ok=True, x=None) == f"{CRM}?n=5&ok=true&x=&{DEFAULTS}"


@pytest.mark.parametrize(
    ("value", "shown"),
    [(1.5, "1.5"), (False, "false"), ({"a": [1, "b"]}, '{"a":[1,"b"]}'), (["小明"], '["小明"]'), ("5", "5"), ("", "")],
)
def test_i9_nested_values_are_compact_json(value: object, shown: str) -> None:
    assert pairs(url_of(window(), given=value))[0] == ("given", shown)


def test_i9_values_are_percent_encoded_utf8_and_what_is_unreserved_stays() -> None:
    url = url_of(window(), mail="houli@163.com", name="小 明", plain="aZ09-_.~", cut="a&b=c#d?e/f+g%h")
    shown = urlsplit(url).query.partition("&easemobId")[0]
    assert shown == ("mail=houli%40163.com&name=%E5%B0%8F%20%E6%98%8E&plain=aZ09-_.~&cut=a%26b%3Dc%23d%3Fe%2Ff%2Bg%25h")


@pytest.mark.parametrize(
    ("base", "joined"),
    [
        ("https://crm.example", "https://crm.example?"),
        ("https://crm.example/card?", "https://crm.example/card?"),
        ("https://crm.example/card?a=1", "https://crm.example/card?a=1&"),
        ("https://crm.example/card?a=1&", "https://crm.example/card?a=1&"),
    ],
)
def test_c2_parameters_join_what_the_url_has(base: str, joined: str) -> None:
    assert url_of(window(base)) == f"{joined}{DEFAULTS}"


def test_c2_a_window_without_numbers_of_its_own_is_told_the_tenants() -> None:
    assert url_of(window(easemob_id="")) == f"{CRM}?easemobId=20080&visitorImId=v1&to=20080"


def test_c2_lang_is_the_agents_where_one_is_configured() -> None:
    assert ("lang", "en") in pairs(url_of(window(language="zh"), opening(language="en")))
    assert "lang" not in url_of(window(), opening(language="en"))


def test_c3_extra_parameters_follow_in_the_vendors_order_when_entitled() -> None:
    url = url_of(window(), opening(agent=AGENT, profile=CARD, has_extras=True))
    assert pairs(url)[3:] == [
        ("nickname", "小明"),
        ("ssid", "s1"),
        ("userId", "v1"),
        ("email", "Alice@Shop.example"),
        ("tenantId", "20080"),
        ("agentId", "alice@shop.example"),
        ("agentName", "艾丽丝"),
        ("originType", "webim"),
        ("techChannelName", "WEB"),
        ("serviceNumber", "107937"),
        ("desc", "VIP & more"),
        ("trueName", "李明"),
    ]


def test_c3_without_the_entitlement_nothing_more_is_told() -> None:
    assert url_of(window(), opening(agent=AGENT, profile=CARD)) == f"{CRM}?{DEFAULTS}"


def test_c3_what_is_not_known_is_empty() -> None:
    told = dict(pairs(url_of(window(), opening(has_extras=True))))
    assert [name for name in EXTRAS if not told[name]] == [
        "nickname",
        "email",
        "agentId",
        "agentName",
        "desc",
        "trueName",
    ]


@pytest.mark.parametrize("has_extras", [True, False])
def test_c12_the_call_workbench_passes_visitor_call_and_agent(*, has_extras: bool) -> None:
    call = PhoneCall("c1", "13800000000", "4001", True, 1_700_000_000_000, "801")  # noqa: FBT003
    opened = opening(agent=AGENT, profile=CARD, call=call, queue_name="售前", has_extras=has_extras)
    url = url_of(window(), opened)
    told = dict(pairs(url))
    assert len(told) == len(pairs(url)), "a name came twice"
    assert [told[name] for name in CALLS] == [
        *("13800000000", "李明", "v1"),
        *("c1", "13800000000", "4001", "in", "售前", "1700000000000"),
        *("alice@shop.example", "艾丽丝", "Alice@Shop.example", "801"),
    ]


def test_c12_an_outgoing_call_says_so() -> None:
    assert ("callDirection", "out") in pairs(url_of(window(), opening(call=PhoneCall("c1", is_incoming=False))))


def test_c7_with_the_flag_every_value_of_ours_is_cipher_text_and_no_name() -> None:
    call = PhoneCall("c1")
    iframe = window(key=KEY, encrypts_system_parameters=True, language="zh")
    opened = opening(agent=AGENT, profile=CARD, has_extras=True, call=call)
    plain = pairs(url_of(window(language="zh"), opened))
    told = pairs(url_of(iframe, opened))
    assert [(name, decrypt(value, KEY)) for name, value in told] == plain
    assert ("lang", decrypt(dict(told)["lang"], KEY)) == ("lang", "zh")


def test_c7_without_the_flag_ours_are_plain_though_there_is_a_key() -> None:
    assert url_of(window(key=KEY)) == f"{CRM}?{DEFAULTS}"


def test_c7_custom_values_are_encrypted_here_only_if_the_tenant_wants_it() -> None:
    iframe = window(key=KEY, encrypts_custom_parameters=True)
    assert url_of(iframe, name="Jack") == f"{CRM}?name=877523f86f18f55e&{DEFAULTS}"


def test_c8_without_a_key_everything_is_plain() -> None:
    iframe = window(encrypts_system_parameters=True, encrypts_custom_parameters=True)
    assert url_of(iframe, name="Jack") == f"{CRM}?name=Jack&{DEFAULTS}"


def test_c14_another_session_has_another_url() -> None:
    assert url_of(window(), opening("v1")) != url_of(window(), opening("v2"))


@pytest.mark.parametrize(
    ("params", "read"),
    [
        (None, ()),
        ({}, ()),
        ({"a": 1}, (("a", "1"),)),
        ("text", None),
        (["a"], None),
        (5, None),
    ],
)
def test_c4_parameters_that_are_no_object_say_nothing(params: object, read: object) -> None:
    assert read_custom_parameters({"cmd": {"updateVisitorInfoSrc": {"params": params}}}) == read


@pytest.mark.parametrize("ext", [None, {}, {"cmd": None}, {"cmd": "updateVisitorInfoSrc"}, {"cmd": {"other": {}}}])
def test_c4_another_message_is_no_marker(ext: dict[str, object] | None) -> None:
    assert read_custom_parameters(ext) is None


def test_c4_so_many_parameters_and_no_more() -> None:
    assert [name for name, _ in marker(**{f"p{n}": n for n in range(70)})] == [f"p{n}" for n in range(64)]


@given(
    custom=st.dictionaries(NAMES, TEXTS, max_size=6),
    visitor=TEXTS,
    key=st.one_of(st.just(""), st.text("abcXYZ123!é中", min_size=9, max_size=20)),
    mode=st.sampled_from(CipherMode),
    flags=st.tuples(st.booleans(), st.booleans(), st.booleans()),
)
def test_c5_c6_c7_what_is_built_is_parsed_and_deciphered_back(
    custom: dict[str, str], visitor: str, key: str, mode: CipherMode, flags: tuple[bool, bool, bool]
) -> None:
    iframe = window(
        f"{CRM}card?a=b#/x", key=key, cipher_mode=mode, encrypts_system_parameters=flags[0], encrypts_custom_parameters=flags[1]
    )  # fmt: skip
    opened = opening(visitor, agent=AGENT, profile=CARD, has_extras=flags[2])
    url = url_of(iframe, opened, **custom)
    dropped = dropped_names(iframe, marker(**custom))
    ours = system_parameters(iframe, opened)
    theirs = [(name, value) for name, value in custom.items() if name not in dropped]

    def read(value: str, *, is_encrypted: bool) -> str:
        return decrypt(value, key, mode) if key and is_encrypted else value

    [first, *told] = pairs(url)
    assert first == ("a", "b")
    assert urlsplit(url).fragment == "/x"
    assert [(name, read(value, is_encrypted=flags[1])) for name, value in told[: len(theirs)]] == theirs
    assert [(name, read(value, is_encrypted=flags[0])) for name, value in told[len(theirs) :]] == list(ours)


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("https://crm.example/", "https://crm.example"),
        ("https://CRM.Example:443/a?b#c", "https://crm.example"),
        ("https://crm.example:8443", "https://crm.example:8443"),
        ("https://10.0.0.5/window", "https://10.0.0.5"),
        ("https://[2001:db8::1]:8443/", "https://[2001:db8::1]:8443"),
        ("http://localhost:8090/", "http://localhost:8090"),
        ("http://127.0.0.1/", "http://127.0.0.1"),
    ],
)
def test_c1_c10_a_page_of_ones_own_network_will_do_and_its_origin_is_the_browsers(url: str, origin: str) -> None:
    assert origin_of(read_window_url(url)) == origin


def test_c1_a_url_without_a_scheme_takes_ours() -> None:
    assert read_window_url("//crm.example/card") == "https://crm.example/card"


@pytest.mark.parametrize(
    "url",
    [
        "http://crm.example/",
        "http://localhost.evil.example/",
        "ftp://crm.example/",
        "javascript:alert(1)",
        "crm.example",
        "/card",
        "https://",
        "https:///card",
        "https://user:word@crm.example/",
        "https://crm.example\\@evil.example/",
        "https://crm.example/a b",
        "https://crm.example/\n",
        "https://crm.example:0x50/",
        "https://crm.example:99999/",
        "https://客服.example/",
        "https://crm%2eexample/",
        "https://[::1/",
        "https://crm.example/" + "x" * 2_048,
        "",
    ],
)
def test_c1_what_is_no_https_url_is_refused(url: str) -> None:
    with pytest.raises(UrlRefused):
        read_window_url(url)


def test_a_window_keeps_its_key_in_no_text_of_its_url() -> None:
    iframe = replace(window(), key="a secret key")
    assert "secret" not in url_of(iframe)
