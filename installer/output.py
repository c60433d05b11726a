"""The streams that reports write to, and the one that takes secrets out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, TextIO


class Output(Protocol):
    """What reports write to: a text stream."""

    def write(self, text: str, /) -> object:
        """Take text."""

    def flush(self) -> None:
        """Hand it on."""

    def isatty(self) -> bool:
        """Say whether a person's terminal is at the other end."""


class MaskedOutput:
    """A stream of this process that secrets are taken out of; one that was closed beforehand swallows all."""

    def __init__(self, stream: TextIO | None, mask: Callable[[str], str]) -> None:
        self._stream = stream
        self._mask = mask

    def write(self, text: str, /) -> object:
        """Hand on the text without secrets."""
        return self._stream.write(self._mask(text)) if self._stream else 0

    def flush(self) -> None:
        """Flush the stream."""
        if self._stream:
            self._stream.flush()

    def isatty(self) -> bool:
        """Ask the stream."""
        return self._stream is not None and self._stream.isatty()
