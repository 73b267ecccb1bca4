class MemoryBlobs:
    """Ends with the process."""

    def __init__(self) -> None:
        self._kept: dict[str, bytes] = {}

    async def put(self, key: str, content: bytes) -> None:
        self._kept[key] = content

    async def get(self, key: str) -> bytes | None:
        return self._kept.get(key)

    async def has(self, key: str) -> bool:
        return key in self._kept
