"""A tree of files in memory: what an old host's files say, without a file system."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from backend.probe.existing.ext import UnreadableFilesystem
from backend.probe.existing.tree import TEXT_LIMIT_BYTES


@dataclass(frozen=True)
class Files:
    """Files and links by their path; those in `damaged` cannot be read."""

    texts: Mapping[str, str | bytes] = field(default_factory=dict)
    links: Mapping[str, str] = field(default_factory=dict)
    damaged: tuple[str, ...] = ()

    def read(self, path: str, limit: int = TEXT_LIMIT_BYTES) -> bytes | None:
        self._check(path)
        found = self.texts.get(path)
        data = found.encode("utf-8", "surrogateescape") if isinstance(found, str) else found
        if data is not None and len(data) > limit:
            raise UnreadableFilesystem("it is too large")
        return data

    def names(self, directory: str) -> tuple[str, ...]:
        self._check(directory)
        start = directory.rstrip("/") + "/"
        inside = (path.removeprefix(start) for path in (*self.texts, *self.links) if path.startswith(start))
        return tuple(sorted({path.partition("/")[0] for path in inside}))

    def link(self, path: str) -> str | None:
        self._check(path)
        return self.links.get(path)

    def modified_s(self, path: str) -> int | None:
        self._check(path)
        return 1_192_536_000 if path in self.texts else None

    def _check(self, path: str) -> None:
        if path in self.damaged:
            raise UnreadableFilesystem("it is damaged")
