"""The guides with lines to run: every line that they print is run, and answered as they say."""

import re
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest

from api.serving import Server, serving
from guides.reader import GUIDES, Reader, is_as_printed, printed_in
from kefu.demo.tenant import demo_tokens, open_demo_tenant

SCHEMA = Path(__file__).parents[2] / "schema.graphql"


@pytest.fixture
async def reader() -> AsyncIterator[Reader]:
    with serving() as server:
        await server.inside(open_demo_tenant(server.desk))
        yield Reader(server.url, {"KEFU": server.url, "TOKEN": partner_token(server)})


def partner_token(server: Server) -> str:
    return demo_tokens(server.desk, server.secret).partner


@pytest.mark.parametrize(
    "guide", ["migrate-from-easemob", "migrate-from-huawei-cec", "migrate-from-tencent-desk", "routing"]
)
async def test_every_line_is_answered_as_the_guide_prints_it(reader: Reader, guide: str) -> None:
    printed = printed_in(GUIDES / f"{guide}.md")
    assert printed
    for line, expected in printed:
        answer = await reader.run(line)
        assert is_as_printed(answer, msgspec.json.decode(expected)), (line, answer)


@pytest.mark.parametrize(
    ("taken_by", "input_"),
    [("tenantSettingsUpdate", "TenantSettingsUpdateInput"), ("skillGroupSave", "SkillGroupSaveInput")],
)
def test_every_setting_that_the_guide_names_is_one(taken_by: str, input_: str) -> None:
    guide, schema = ((path.read_text(encoding="utf-8")) for path in (GUIDES / "routing.md", SCHEMA))
    table = guide.partition(f"with `{taken_by}`")[2].partition("|---|")[2].partition("\n\n")[0]
    cells = [row.split("|")[1] for row in table.splitlines() if row.startswith("| `")]
    named = {name for cell in cells for name in re.findall(r"`(\w+)`", cell)}
    fields = re.findall(r"^  (\w+):", schema.partition(f"input {input_} {{")[2].partition("\n}")[0], re.MULTILINE)
    assert named
    assert named <= set(fields)
