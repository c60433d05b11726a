"""Where the value of an answer came from, for messages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True)
class Origin:
    """Where a value came from: `kind` is default, probe, kernel, answerfile or typed."""

    kind: str
    where: str = ""

    def __str__(self) -> str:
        return self.where or self.kind


def no_origins() -> Mapping[str, Origin]:
    """Return the origins of values that nobody gave."""
    return MappingProxyType({})


def origin_of(origins: Mapping[str, Origin], name: str) -> Origin:
    """Return where the value of a dotted field name came from, or that of its parent, or default."""
    while name:
        if name in origins:
            return origins[name]
        name = name.rpartition(".")[0]
    return Origin("default")
