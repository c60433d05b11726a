"""What a reader to be fuzzed is: bytes in, and nothing out but the project's own errors."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

CORPUS = Path(__file__).with_name("corpus")
LONGEST_INPUT = 8192  # what goes wrong with more goes wrong with less; size has tests of its own


@dataclass(frozen=True)
class Reader:
    """`read` raises whatever the reader does not turn into an error of ours. `words` are what inputs are made of.

    `modules` are the parsers behind it, whose branches are to be reached; `large` are inputs to be read once.
    """

    name: str
    read: Callable[[bytes], None]
    seeds: tuple[bytes, ...]
    words: tuple[bytes, ...]
    modules: tuple[str, ...]
    large: tuple[bytes, ...] = ()

    def corpus(self) -> tuple[bytes, ...]:
        """Return the inputs that are kept: those that went wrong once, and those that reach rare branches."""
        return tuple(path.read_bytes() for path in sorted((CORPUS / self.name).glob("*")))
