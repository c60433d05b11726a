"""Repositories on an NFS server, versions 4 and 3, read by the programs of libnfs: nothing is mounted on this machine.

Each file has a process of its own, which can be ended at any moment. A connection that breaks libnfs makes again and
goes on from where it was, so nothing is fetched twice; but a server of version 4 that was started anew does not know
the open file any more, and then it is read again from its beginning.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from urllib.parse import SplitResult, quote, unquote

from backend.process import Child
from backend.sources.address import split_address
from backend.sources.network_errors import cut_error, silence_error, slow_error
from backend.sources.nfs_errors import Refused, failure, is_hidden
from backend.sources.resume import Attempts, Known, Part, downloading
from backend.sources.transport import BRIEF, CHUNK_BYTES, AbsentError, Patience, Transport
from installer.model.errors import SourceError
from installer.model.secret import Secret
from installer.model.source import Location, LocationKind, without_credentials

VERSIONS = ("4", "3")  # 4 needs one port; the server's port mapper is asked for those of 3
LISTING_BYTES = 4 * 1024 * 1024
HINT = "as in nfs://server/directory"
_LINE = re.compile(r"[-a-z]\S{9,}\s+\d+\s+\d+\s+\d+\s+(?P<size>\d+) (?P<name>.+)")


@dataclass(frozen=True)
class Limits:
    """Seconds to wait for bytes, and for a whole chunk of a file; `pause_s` is the first one before asking again."""

    read_s: float = 30
    answer_s: float = 60
    pause_s: float = 0.5


@dataclass
class _Server:
    """What is known of the server: in which order its versions are tried; the one that answered is the only one."""

    versions: tuple[str, ...] = field(default=VERSIONS)


class NfsTransport(Transport):
    """Files below an nfs URL; `version=`, `nfsport=` and `mountport=` may stand in its query."""

    def __init__(self, url: str, *, limits: Limits | None = None) -> None:
        self._limits = limits or Limits()
        self._url = url
        self._parts = _split(url)
        query = [word.partition("=") for word in self._parts.query.split("&") if word]
        wanted = tuple(value for name, _, value in query if name == "version")
        self._ports = [f"{name}={value}" for name, _, value in query if name != "version"]
        if self._parts.port:
            self._ports.append(f"nfsport={self._parts.port}")
        self._server = _Server(wanted or VERSIONS)
        self._above: NfsTransport | None = None

    @property
    def location(self) -> Location:
        """The URL as given."""
        return Location(LocationKind.URL, Secret(self._url))

    def at(self, directory: str) -> NfsTransport:
        """Extend the path."""
        below = NfsTransport(self._file(directory).geturl(), limits=self._limits)
        below._server, below._above = self._server, self
        return below

    def shown_file(self, name: str) -> str:
        """The file's URL."""
        return without_credentials(self._file(name).geturl())

    def _file(self, name: str) -> SplitResult:
        return self._parts._replace(path=f"{self._parts.path.rstrip('/')}/{quote(name)}") if name else self._parts

    def _path(self, name: str) -> str:
        return unquote(self._file(name).path)

    def size(self, name: str, limit_bytes: int) -> int:
        """Look it up in the directory's listing."""
        return Attempts(BRIEF, self._limits.pause_s).run(lambda: self._size(name))

    def _size(self, name: str) -> int:
        directory, _, last = self._path(name).rpartition("/")
        sizes = self._list(directory or "/", self.shown_file(name))
        if last not in sizes:
            raise AbsentError("there is no such file", where=self.shown_file(name), hint="check the path")
        return sizes[last]

    def _list(self, directory: str, where: str) -> dict[str, int]:
        """Return the names in a directory and their sizes."""
        with self._running("nfs-ls", directory, where) as (child, first):
            text = bytearray(first)
            for chunk in self._chunks(child, where):
                text += chunk
                if len(text) > LISTING_BYTES:
                    raise SourceError("the directory holds too many files", where=where, hint="give a smaller one")
        lines = text.decode(errors="surrogateescape").split("\n")
        return {match["name"]: int(match["size"]) for line in lines if (match := _LINE.fullmatch(line))}

    @contextmanager
    def open(self, name: str, start_byte: int = 0, patience: Patience = BRIEF) -> Iterator[Iterator[bytes]]:
        """Read it with nfs-cat, which begins at the first byte; those before `start_byte` are dropped."""
        attempts = Attempts(patience, self._limits.pause_s, start_byte)
        with downloading(partial(self._part, name), self.shown_file(name), start_byte, attempts) as chunks:
            yield chunks

    @contextmanager
    def _part(self, name: str, start_byte: int, known: Known) -> Iterator[Part]:
        where = self.shown_file(name)
        with self._running("nfs-cat", self._path(name), where) as (child, first):
            yield Part(self._body(child, first, where), 0, Known())

    def _body(self, child: Child, first: bytes, where: str) -> Iterator[bytes]:
        at = len(first)
        if first:
            yield first
        for chunk in self._chunks(child, where):
            at += len(chunk)
            yield chunk
        if child.status():
            raise cut_error(where, at, None)

    @contextmanager
    def _running(self, program: str, path: str, where: str) -> Iterator[tuple[Child, bytes]]:
        """Start a program on a path with the first version that lets it in; gives it and its first bytes."""
        refused: list[Refused] = []
        for version in self._server.versions:
            with ExitStack() as stack:
                child = stack.enter_context(Child((program, self._address(path, version)), b""))
                first = child.read(self._limits.read_s)
                if first is None:
                    raise silence_error(where, self._parts.hostname or "", self._limits.read_s)
                if first or not child.status():
                    self._server.versions = (version,)
                    yield child, first
                    return
                refused.append(Refused(child.complaint()))
            if not refused[-1].is_mount:
                self._server.versions = (version,)
                break
        raise self._error(refused, where)

    def _error(self, refused: list[Refused], where: str) -> SourceError:
        """Return the error; some servers of version 3 do not tell a missing directory from one that is not given."""
        above = self._above
        if (
            above
            and is_hidden(refused)
            and self._path("").rpartition("/")[2] not in above._list(above._path(""), where)
        ):
            return AbsentError("there is no such directory", where=where, hint="check the path")
        return failure(refused, where, self._parts.hostname or "")

    def _address(self, path: str, version: str) -> str:
        return f"nfs://{self._parts.hostname}{path}?{'&'.join([f'version={version}', *self._ports])}"

    def _chunks(self, child: Child, where: str) -> Iterator[bytes]:
        """Yield what a program writes, in larger chunks; raises UnreachableError when they take too long."""
        limits, server = self._limits, self._parts.hostname or ""
        while True:
            pieces: list[bytes] = []
            gained, end_s = 0, time.monotonic() + limits.answer_s
            piece: bytes | None = b""
            while gained < CHUNK_BYTES:
                piece = child.read(max(0.0, min(limits.read_s, end_s - time.monotonic())))
                if not piece:
                    break
                pieces.append(piece)
                gained += len(piece)
            if pieces:
                yield b"".join(pieces)
            if piece is None and time.monotonic() >= end_s:
                raise slow_error(where, server, limits.answer_s)
            if piece is None:
                raise silence_error(where, server, limits.read_s)
            if not piece:
                return


def _split(url: str) -> SplitResult:
    """Return the parts of `nfs://server/path`; the colon of `nfs://server:/path` says nothing."""
    parts = split_address(url)
    path = unquote(parts.path)
    if parts.username is not None:
        raise SourceError("an NFS address holds no user name", where=without_credentials(url), hint=HINT)
    if "?" in path or any(not character.isprintable() for character in path):
        what = "a question mark or control character"
        raise SourceError(f"the path of an NFS address cannot hold {what}", where=without_credentials(url), hint=HINT)
    return parts._replace(path=parts.path or "/")
