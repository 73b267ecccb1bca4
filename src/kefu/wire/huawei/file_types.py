"""Which files are taken, and whether the bytes are what the type says."""

from collections.abc import Callable, Mapping

UPLOADED = frozenset({"jpg", "jpeg", "png", "bmp", "mp3", "aac", "mp4", "txt", "csv"})
DOWNLOADED = UPLOADED | {"richtext", "doc", "docx", "pdf", "zip"}

_MP3_FRAMES = (0xFB, 0xFA, 0xF3, 0xF2, 0xE3, 0xE2)
_AAC_FRAMES = (0xF0, 0xF1, 0xF8, 0xF9)


def _starts(*marks: bytes) -> Callable[[bytes], bool]:
    return lambda content: content.startswith(marks)


def _framed(seconds: tuple[int, ...], mark: bytes) -> Callable[[bytes], bool]:
    """A stream of audio frames, or one behind its header."""
    return lambda content: (
        content.startswith(mark)
        or (
            len(content) > 1 and content[0] == 0xFF and content[1] in seconds  # noqa: PLR2004  a frame's sync byte
        )
    )


def _is_mp4(content: bytes) -> bool:
    return content[4:8] == b"ftyp"


def _is_text(content: bytes) -> bool:
    """UTF-8 or GB 18030, as Chinese spreadsheets save it."""
    if b"\0" in content:
        return False
    for encoding in ("utf-8", "gb18030"):
        try:
            content.decode(encoding)
        except UnicodeDecodeError:
            continue
        return True
    return False


_LOOKS_RIGHT: Mapping[str, Callable[[bytes], bool]] = {
    "jpg": _starts(b"\xff\xd8\xff"),
    "jpeg": _starts(b"\xff\xd8\xff"),
    "png": _starts(b"\x89PNG\r\n\x1a\n"),
    "bmp": _starts(b"BM"),
    "mp3": _framed(_MP3_FRAMES, b"ID3"),
    "aac": _framed(_AAC_FRAMES, b"ADIF"),
    "mp4": _is_mp4,
    "txt": _is_text,
    "csv": _is_text,
}


def looks_like(file_type: str, content: bytes) -> bool:
    return _LOOKS_RIGHT[file_type](content)


def known_type(given: str, known: frozenset[str]) -> str | None:
    """The type in its canonical spelling: `bpm` is the vendor's own misprint of bmp."""
    lowered = given.strip().lower().lstrip(".")
    lowered = "bmp" if lowered == "bpm" else lowered
    return lowered if lowered in known else None
