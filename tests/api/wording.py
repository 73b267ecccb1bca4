"""Whether an error message says what to do, as every message here must."""

import re

_INSTRUCTION = re.compile(
    r"\b(Ask|Change|Check|Choose|Connect|Delete|Leave|Name|Quote|Read|Save|Send|Split|Transfer|Use|Wait)\b"
    r"|\b(Allowed|cannot represent a non|must|at most|exceeds|needs|expected|starts with|is written|opens a new one)\b"
)


def says_what_to_do(message: str) -> bool:
    """An instruction in the imperative, or the bound that was crossed."""
    return _INSTRUCTION.search(message) is not None
