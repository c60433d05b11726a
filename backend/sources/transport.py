"""What every transport can do: hand out the files below one address."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import AbstractContextManager

from installer.model.errors import SourceError
from installer.model.source import Location

CHUNK_BYTES = 256 * 1024


class AbsentError(SourceError):
    """The source answers, and says that there is no such file."""


class UnreachableError(SourceError):
    """The source does not answer at all, or not in time: asking for further files is of no use."""


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
    def size(self, name: str) -> int:
        """Return the size of a file in bytes."""

    @abstractmethod
    def open(self, name: str) -> AbstractContextManager[Iterator[bytes]]:
        """Open a file; gives its bytes in chunks. A file that ends too early raises SourceError."""

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
