"""The sample CRM page, driven by what the desk makes: rows C6, C10, E21, E22."""

import json
import os
import re
import runpy
import shutil
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from kefu.desk.legacy_des import encrypter
from kefu.domain.iframe import CipherMode, Iframe, Interaction
from kefu.domain.iframe_post import posts_of
from kefu.domain.message import Message, MessageSender, MessageType
from kefu.domain.session_ref import SessionRef
from wire.iframe.test_urls import marker, opening, url_of

SAMPLE = Path(__file__).parents[3] / "docs" / "samples" / "crm-window"
KEY = "a long key"
CONSOLE = "https://console.example"
ORDER = {"interactiveFlag": "order", "msgtype": {"order": {"title": "订单", "item_url": "https://shop.example/1"}}}


@pytest.fixture(scope="module")
def page_url() -> Iterator[str]:
    """Where the sample's own server serves it."""
    server = runpy.run_path(str(SAMPLE / "serve.py"))["server"](0, KEY, CONSOLE)
    serving = threading.Thread(target=server.serve_forever)
    serving.start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    serving.join()
    server.server_close()


def window(url: str, **given: Any) -> Iframe:
    return Iframe(id="i1", name="CRM", url=url, easemob_id="107937", **given)


def deciphered(page: str) -> Any:
    found = re.search(r'id="deciphered">(.*?)</script>', page)
    assert found
    return json.loads(found[1])


def seen(**given: Any) -> dict[str, Any]:
    """What the page shows and answers, after these events."""
    node = shutil.which("node")
    if node is None:
        told = "Node is not installed: it runs the sample page's script"
        if os.environ.get("CI") == "true":
            pytest.fail(told)
        pytest.skip(told)
    asked = {"search": "", "deciphered": None, "consoleOrigin": CONSOLE, "events": []} | given
    done = subprocess.run(  # noqa: S603  our own script
        [node, Path(__file__).with_name("sample_page.mjs")],
        input=json.dumps(asked | {"script": str(SAMPLE / "page.js")}),
        capture_output=True,
        encoding="utf-8",
        check=True,
    )
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def post(ext: dict[str, Any] | None = None, text: str = "你好") -> tuple[str, str]:
    """As the console posts it: data and target origin."""
    message = Message(
        id="m1",
        sender=MessageSender.VISITOR,
        type=MessageType.TEXT,
        text=text,
        ext=json.dumps(ext) if ext else "",
        sent_at=1,
    )
    iframe = window(
        "https://crm.example/card",
        syncs_messages=not ext,
        interactions=(Interaction(interactive_flag="order", button_label="查看"),),
    )
    [made] = posts_of(message, SessionRef("v1", opening().session.channel, 1, "s1"), [iframe])
    return json.dumps(made.data), made.target_origin


def test_c6_c7_e21_the_page_recovers_what_it_was_opened_with(page_url: str) -> None:
    iframe = window(page_url, key=KEY, encrypts_system_parameters=True)
    name = encrypter(KEY, CipherMode.ECB)("小明 <b>&amp;")
    page = httpx.get(url_of(iframe, name=name)).text
    assert "<b>" not in page.partition('id="deciphered"')[2].partition("</script>")[0]
    told = [["name", "小明 <b>&amp;"], ["easemobId", "107937"], ["visitorImId", "v1"], ["to", "107937"]]
    assert deciphered(page) == told
    shown = seen(deciphered=told)
    assert (shown["parameters"], shown["visitor"]) == (told, "v1")


def test_c6_what_was_not_encrypted_is_shown_as_it_came(page_url: str) -> None:
    page = httpx.get(url_of(window(page_url, key=KEY), name="Jack")).text
    assert dict(deciphered(page))["name"] == "Jack"


def test_only_the_console_may_frame_the_page(page_url: str) -> None:
    answer = httpx.get(page_url)
    assert f"frame-ancestors {CONSOLE}" in answer.headers["content-security-policy"]
    assert f'data-console-origin="{CONSOLE}"' in answer.text


def test_c8_a_page_without_a_server_reads_its_own_address() -> None:
    url = url_of(window("https://crm.example/"), name="小明", mail="a&b@c.example")
    shown = seen(search=f"?{url.partition('?')[2]}")["parameters"]
    assert shown == [*map(list, marker(name="小明", mail="a&b@c.example")), *shown[2:]]
    assert [name for name, _ in shown[2:]] == ["easemobId", "visitorImId", "to"]


@pytest.mark.parametrize(
    ("ext", "shown"),
    [
        pytest.param(None, "你好", id="C10"),
        pytest.param(ORDER, "[order] 订单 https://shop.example/1", id="E22, an order"),
        pytest.param({"interactiveFlag": "order"}, "[order] 你好", id="E22, a text"),
    ],
)
def test_c10_e22_the_page_shows_what_the_console_posts_and_answers(ext: dict[str, Any] | None, shown: str) -> None:
    data, target = post(ext)
    page = seen(events=[{"data": data, "origin": CONSOLE, "fromParent": True}])
    assert target == "https://crm.example"
    assert page["posted"] == [shown]
    assert page["answers"] == [['{"easemob":{"type":"received","msgId":"m1"}}', CONSOLE]]


@pytest.mark.parametrize(
    "event",
    [
        pytest.param({"origin": "https://evil.example"}, id="another origin"),
        pytest.param({"fromParent": False}, id="another window"),
        pytest.param({"data": "no JSON"}, id="no JSON"),
        pytest.param({"data": "null"}, id="nothing"),
        pytest.param({"data": '{"type":"POPUP_ORDER","value":"1"}'}, id="another type"),
        pytest.param({"data": '{"type":"easemob.interactive","version":2}'}, id="another version"),
    ],
)
def test_c10_what_others_post_is_neither_shown_nor_answered(event: dict[str, Any]) -> None:
    page = seen(events=[{"data": post()[0], "origin": CONSOLE, "fromParent": True} | event])
    assert (page["posted"], page["answers"]) == ([], [])
