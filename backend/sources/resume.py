"""Fetching a file over connections that break: asked again with pauses, and continued where it broke off."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from typing import TypeVar

from backend.sources.transport import BrokenError, Patience, SlowError, UnreachableError
from installer.model.errors import SourceError

FRUITFUL_BYTES = 64 * 1024  # a connection that gives less counts as a try that was of little use
MEAGRE_TRIES = 20
LONGEST_PAUSE_S = 8.0
Result = TypeVar("Result")


@dataclass(frozen=True)
class Known:
    """By what a file is known to be the same: its size and the server's mark of it, as far as the server says."""

    size_bytes: int | None = None
    mark: str = ""


@dataclass(frozen=True)
class Part:
    """A file's bytes from one on: `start_byte` is the one asked for, or 0 where the server cannot leave bytes out."""

    chunks: Iterator[bytes]
    start_byte: int
    file: Known


OpenPart = Callable[[int, Known], AbstractContextManager[Part]]


class Attempts:
    """Counts the failures of one file, and waits after each, longer every time."""

    def __init__(self, patience: Patience, pause_s: float, start_byte: int = 0) -> None:
        self._patience = patience
        self._pause_s = pause_s
        self._at = start_byte
        self._has_begun = False
        self._number = self._idle = self._meagre = 0

    def failed(self, error: SourceError, at: int = 0) -> None:
        """Wait before the next try, `at` being the byte it goes on from; raises the error when there were enough."""
        gained, self._at = at - self._at, at
        self._has_begun |= gained > 0
        self._idle = 0 if gained else self._idle + 1
        self._meagre = 0 if gained >= FRUITFUL_BYTES else self._meagre + 1
        self._number += 1
        if not self._may_pass(error):
            raise error
        if self._idle > self._patience.tries or self._meagre > MEAGRE_TRIES:
            raise type(error)(f"{error.what} (tried {self._number} times)", where=error.where, hint=error.hint)
        self._patience.tell(f"{error.where}: {error.what}; trying again from byte {at}")
        time.sleep(min(self._pause_s * 2**self._idle, LONGEST_PAUSE_S))

    def _may_pass(self, error: SourceError) -> bool:
        if isinstance(error, BrokenError):
            return True
        silent = isinstance(error, UnreachableError) and not isinstance(error, SlowError)
        return silent and (self._has_begun or self._patience.known)

    def run(self, ask: Callable[[], Result]) -> Result:
        """Ask until there is an answer."""
        while True:
            try:
                return ask()
            except SourceError as error:
                self.failed(error)


@contextmanager
def downloading(open_part: OpenPart, where: str, start_byte: int, attempts: Attempts) -> Iterator[Iterator[bytes]]:
    """Open a file from a byte on; gives its chunks to the end, over as many connections as that takes.

    Raises what `open_part` and its chunks raise when there were attempts enough, and SourceError when the file is
    another one than when it was begun: two files are never put together.
    """
    with ExitStack() as stack:
        yield _Download(open_part, where, start_byte, attempts, stack).begin()


class _Download:
    """One file; `stack` holds the connection of the moment."""

    def __init__(self, open_part: OpenPart, where: str, start_byte: int, attempts: Attempts, stack: ExitStack) -> None:
        self._open_part = open_part
        self._where = where
        self._start = self._at = start_byte
        self._attempts = attempts
        self._stack = stack
        self._known = Known()

    def begin(self) -> Iterator[bytes]:
        """Open the file at once; the chunks come later."""
        return self._chunks(self._connect())

    def _chunks(self, chunks: Iterator[bytes]) -> Iterator[bytes]:
        while True:
            try:
                for chunk in chunks:
                    self._at += len(chunk)
                    yield chunk
                return
            except SourceError as error:
                self._attempts.failed(error, self._at)
            chunks = self._connect()

    def _connect(self) -> Iterator[bytes]:
        while True:
            self._stack.close()
            try:
                part = self._stack.enter_context(self._open_part(self._at, self._known))
            except SourceError as error:
                self._attempts.failed(error, self._at)
            else:
                self._compare(part.file)
                return _without(part.chunks, self._at - part.start_byte)

    def _compare(self, file: Known) -> None:
        known = self._known if self._at > self._start else Known()  # of one that gave nothing yet nothing can be mixed
        if (known.mark and file.mark and file.mark != known.mark) or (
            known.size_bytes is not None and file.size_bytes is not None and file.size_bytes != known.size_bytes
        ):
            raise changed_error(self._where, self._at)
        size_bytes = known.size_bytes if file.size_bytes is None else file.size_bytes
        self._known = Known(size_bytes, known.mark or file.mark)


def _without(chunks: Iterator[bytes], leading: int) -> Iterator[bytes]:
    """Drop the first bytes."""
    for chunk in chunks:
        if len(chunk) > leading:
            yield chunk[leading:]
        leading = max(0, leading - len(chunk))


def changed_error(where: str, at: int) -> SourceError:
    """Return the error for a file that is another one when its rest is asked for."""
    return SourceError(
        f"the file changed on the server while it was read: its first {at} bytes are of another one",
        where=where,
        hint="wait until the repository has been copied completely, then start again",
    )
