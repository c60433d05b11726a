"""What goes between an errand's two processes: requests and answers, one pickle after another.

Both ends are the same program, so pickle is as safe here as a function call; what came over the network travels only
as parsed values. A Secret refuses to be pickled by others; between these two processes it may go, over a pipe.
"""

from __future__ import annotations

import io
import pickle
import struct
from dataclasses import dataclass
from typing import Protocol

from backend.sources.proxies import Variables
from backend.sources.trust import Trusted
from installer.model.ports import PackageProgress
from installer.model.secret import Secret
from installer.model.source import Location, Media, Repository

LENGTH = struct.Struct(">I")


class Reader(Protocol):
    """A binary stream to read from."""

    def read(self, length: int, /) -> bytes:
        """Return so many bytes, fewer at its end."""


class Writer(Protocol):
    """A binary stream without a buffer."""

    def write(self, data: bytes, /) -> int | None:
        """Take bytes; returns how many."""


@dataclass(frozen=True)
class Find:
    """Look what repositories lie at an address."""

    location: Location
    media: Media


@dataclass(frozen=True)
class Verify:
    """Read every package of repositories."""

    repositories: tuple[Repository, ...]


@dataclass(frozen=True)
class Check:
    """Look whether every package of repositories is there with the right size."""

    repositories: tuple[Repository, ...]


@dataclass(frozen=True)
class Errand:
    """What is to be done, and by what: the other process has neither this one's trust nor its environment."""

    request: object
    trusted: Trusted
    proxies: Variables


@dataclass(frozen=True)
class Moved:
    """The errand is under way."""

    progress: PackageProgress


@dataclass(frozen=True)
class Finished:
    """The errand is done."""

    result: object


@dataclass(frozen=True)
class Failure:
    """The errand failed; the parts of an InstallerError, and the name of its class."""

    kind: str
    what: str
    where: str
    hint: str


def to_frame(value: object) -> bytes:
    """Return a value as a frame: its length and its pickle."""
    stream = io.BytesIO()
    pickler = pickle.Pickler(stream)
    pickler.dispatch_table = {Secret: lambda secret: (Secret, (secret.reveal(),))}
    pickler.dump(value)
    data = stream.getvalue()
    return LENGTH.pack(len(data)) + data


def write_frame(stream: Writer, value: object) -> None:
    """Write a value as a frame, however long it is."""
    rest = memoryview(to_frame(value))
    while rest:
        rest = rest[stream.write(bytes(rest)) or 0 :]


def read_frame(stream: Reader) -> object:
    """Return the next value; raises EOFError when there is none."""
    head = stream.read(LENGTH.size)
    if len(head) < LENGTH.size:
        raise EOFError
    value: object = pickle.loads(stream.read(*LENGTH.unpack(head)))
    return value


class Frames:
    """Puts frames together from pieces of a pipe."""

    def __init__(self) -> None:
        self._data = bytearray()

    def add(self, data: bytes) -> list[object]:
        """Return the values that are complete with these bytes."""
        self._data += data
        values: list[object] = []
        while len(self._data) >= LENGTH.size:
            end = LENGTH.size + int(LENGTH.unpack_from(self._data)[0])
            if len(self._data) < end:
                break
            values.append(pickle.loads(bytes(self._data[LENGTH.size : end])))
            del self._data[:end]
        return values
