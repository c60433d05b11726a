"""What every transport can do: hand out the files below one address."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass

from installer.model.errors import SourceError
from installer.model.source import Location

CHUNK_BYTES = 256 * 1024


class AbsentError(SourceError):
    """The source answers, and says that there is no such file."""


class UnreachableError(SourceError):
    """The source does not answer at all, or not in time: asking for further files is of no use."""


class BrokenError(SourceError):
    """The connection broke, or the server is busy for now: asking again may give the file or the rest of it."""


class LostError(UnreachableError, BrokenError):
    """The server closed the connection instead of answering."""


class SlowError(UnreachableError):
    """The server sends, but so slowly that it comes to nothing; asking it again makes that no better."""


@dataclass(frozen=True)
class Patience:
    """How often a server is asked again without having given a byte, and who hears of it.

    `known`: it has answered before, so even one that does not answer at all is asked again.
    """

    tries: int = 2
    known: bool = False
    tell: Callable[[str], None] = lambda message: None


BRIEF = Patience()


class Transport(ABC):
    """The files below one address; names are relative, `""` is the address itself (a single file).

    All methods raise AbsentError, UnreachableError or another SourceError; no message shows credentials.
    """

    @property
    @abstractmethod
    def location(self) -> Location:
        """The address; opening it again gives the same files."""

    @property
    def shown(self) -> str:
        """The address for people, without credentials."""
        return self.location.shown()

    @abstractmethod
    def at(self, directory: str) -> Transport:
        """Return the transport for a directory below; whether it exists turns out when it is read."""

    @abstractmethod
    def shown_file(self, name: str) -> str:
        """Return the address of a file for people, without credentials."""

    @abstractmethod
    def size(self, name: str, limit_bytes: int) -> int:
        """Return the size of a file in bytes; one that must be counted is counted until it is above the limit."""

    @abstractmethod
    def open(
        self, name: str, start_byte: int = 0, patience: Patience = BRIEF
    ) -> AbstractContextManager[Iterator[bytes]]:
        """Open a file; gives its bytes in chunks, from `start_byte` on. A file that ends too early raises SourceError.

        A connection that breaks is made again and goes on where it broke off, as long as the file is still the same.
        """

    def read_file(self, name: str, limit_bytes: int) -> bytes:
        """Return a small file whole; one of more than `limit_bytes` is refused unread."""
        data = bytearray()
        with self.open(name) as chunks:
            for chunk in chunks:
                data += chunk
                if len(data) > limit_bytes:
                    raise SourceError(
                        f"the file is larger than {limit_bytes} bytes, too large for its purpose",
                        where=self.shown_file(name),
                        hint="is this the right address?",
                    )
        return bytes(data)


def counted(chunks: Iterable[bytes], limit_bytes: int) -> int:
    """Return how many bytes come, counted until there are more than `limit_bytes`."""
    size_bytes = 0
    for chunk in chunks:
        size_bytes += len(chunk)
        if size_bytes > limit_bytes:
            break
    return size_bytes
