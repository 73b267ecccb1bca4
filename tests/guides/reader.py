"""Who follows a guide line by line, and what it prints."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from string import Template
from typing import Any

from curl_lines import send

GUIDES = Path(__file__).parents[2] / "docs" / "guides"
BLOCK = re.compile(r"```(sh|json)\n(.*?)```", re.DOTALL)
KEPT_AS = {"accessToken": "TOKEN", "AccessToken": "ACCESS", "token": "PAGE"}
"""What a reader keeps of an answer, and the name that later lines know it by."""
IDS_KEPT_AS = {"session": "SESSION", "skillGroup": "GROUP"}
"""The same, of what the answer holds under these names: its id."""
SOMETHING = "…"


@dataclass(slots=True)
class Reader:
    """Who follows a guide line by line."""

    url: str
    names: dict[str, str] = field(default_factory=dict)

    async def run(self, line: str) -> Any:
        answer = await send(Template(line).substitute(self.names), self.url)
        self._keep(answer)
        return answer

    def _keep(self, answer: Mapping[str, Any]) -> None:
        entity = answer.get("entity") or {}
        self.names |= {name: each[key] for key, name in KEPT_AS.items() for each in (answer, entity) if key in each}
        self.names |= {IDS_KEPT_AS[name]: each["id"] for name, each in _objects_in(answer) if name in IDS_KEPT_AS}


def _objects_in(answer: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Every object with an id, by the name it is under."""
    for name, each in answer.items():
        if isinstance(each, dict):
            if "id" in each:
                yield name, each
            yield from _objects_in(each)


def printed_in(guide: Path) -> list[tuple[str, str]]:
    """Each command and the answer printed below it."""
    blocks = BLOCK.findall(guide.read_text(encoding="utf-8"))
    assert [kind for kind, _ in blocks] == ["sh", "json"] * (len(blocks) // 2)
    return [(blocks[at][1], blocks[at + 1][1]) for at in range(0, len(blocks), 2)]


def is_as_printed(answer: Any, printed: Any) -> bool:
    """A printed `…` stands for any text."""
    if isinstance(printed, dict) and isinstance(answer, dict):
        return printed.keys() == answer.keys() and all(is_as_printed(answer[each], printed[each]) for each in printed)
    if isinstance(printed, list) and isinstance(answer, list):
        return len(printed) == len(answer) and all(map(is_as_printed, answer, printed))
    return bool(answer == printed or (printed == SOMETHING and isinstance(answer, str) and answer))
