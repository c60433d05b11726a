"""Repositories on an FTP server: passive, binary, by the standard library.

Each file has a connection of its own. Names are paths from the directory the server starts in; `%2F` at the beginning
starts at its root (RFC 1738 3.2.2). What the server says is not shown: it may repeat user name and directories.
"""

from __future__ import annotations

import ftplib
import socket
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from urllib.parse import SplitResult, quote, unquote_to_bytes

from backend.sources.address import split_address
from backend.sources.ftp_errors import failure, is_unknown_command
from backend.sources.network_errors import Exchange, connect_error, cut_error, slow_error
from backend.sources.resume import Attempts, Known, Part, changed_error, downloading
from backend.sources.transport import BRIEF, CHUNK_BYTES, Patience, Transport, counted
from backend.sources.watch import Watch, gather
from installer.model.errors import SourceError
from installer.model.secret import Secret
from installer.model.source import Location, LocationKind, without_credentials

NOBODY = ("anonymous", "anonymous@")  # RFC 1635
TALK_BYTES = 64 * 1024  # what a server may say besides a file; a reply of no end would fill the memory
EIGHT_BITS = "latin-1"  # names pass as the bytes they are, and no reply is undecodable
CONTROL = "\0\r\n"
HINT = "look for %00, %0A and %0D in it"
FAILURES: tuple[type[Exception], ...] = (ftplib.Error, OSError, EOFError, ValueError)


@dataclass(frozen=True)
class Limits:
    """Seconds to wait for a connection, for further bytes, and for the logging in or a whole chunk of a file.

    `pause_s` is the first pause before a server is asked again.
    """

    connect_s: float = 15
    read_s: float = 30
    answer_s: float = 60
    pause_s: float = 0.5


class FtpTransport(Transport):
    """Files below an ftp URL."""

    def __init__(self, url: str, *, limits: Limits | None = None) -> None:
        self._limits = limits or Limits()
        self._url = url
        self._parts = split_address(url)
        self._user = Secret(_decoded(self._parts.username or NOBODY[0]))
        if set(CONTROL) & set(_decoded(self._parts.netloc + self._parts.path)):
            raise SourceError("the address holds a control character", where=without_credentials(url), hint=HINT)
        self._password = Secret(_decoded(self._parts.password or ("" if self._parts.username else NOBODY[1])))

    @property
    def location(self) -> Location:
        """The URL as given, with its credentials."""
        return Location(LocationKind.URL, Secret(self._url))

    def at(self, directory: str) -> FtpTransport:
        """Extend the path; the credentials stay."""
        return FtpTransport(self._file(directory).geturl(), limits=self._limits)

    def shown_file(self, name: str) -> str:
        """The file's URL without credentials."""
        return without_credentials(self._file(name).geturl())

    def _file(self, name: str) -> SplitResult:
        return self._parts._replace(path=f"{self._parts.path.rstrip('/')}/{quote(name)}") if name else self._parts

    def _path(self, name: str) -> str:
        """Return the file's path as the server is to hear it."""
        path = _decoded(self._file(name).path.removeprefix("/"))
        return "/" + path.lstrip("/") if path.startswith("/") else path

    def size(self, name: str, limit_bytes: int) -> int:
        """Ask with SIZE (RFC 3659); a server that does not know it is asked for the file, which is then counted."""
        return Attempts(BRIEF, self._limits.pause_s).run(lambda: self._size(name, limit_bytes))

    def _size(self, name: str, limit_bytes: int) -> int:
        with self._connected(name) as connection:
            size_bytes = connection.size(self._path(name))
        if size_bytes is not None:
            return size_bytes
        with self.open(name) as chunks:
            return counted(chunks, limit_bytes)

    @contextmanager
    def open(self, name: str, start_byte: int = 0, patience: Patience = BRIEF) -> Iterator[Iterator[bytes]]:
        """Ask with RETR, for the rest after REST; the bytes are counted against SIZE."""
        attempts = Attempts(patience, self._limits.pause_s, start_byte)
        with downloading(partial(self._part, name), self.shown_file(name), start_byte, attempts) as chunks:
            yield chunks

    @contextmanager
    def _part(self, name: str, start_byte: int, known: Known) -> Iterator[Part]:
        with self._connected(name) as connection:
            yield connection.retrieve(self._path(name), start_byte)

    @contextmanager
    def _connected(self, name: str) -> Iterator[_Connection]:
        host, port, limits = self._parts.hostname or "", self._parts.port or ftplib.FTP_PORT, self._limits
        has_user = self._parts.username is not None
        server = host if port == ftplib.FTP_PORT else f"{host}:{port}"
        where = self.shown_file(name)
        exchange = Exchange(where, server, has_user, limits.connect_s, limits.read_s, limits.answer_s)
        with closing(_Connection(exchange, limits)) as connection:
            connection.begin(host, port, self._user, self._password)
            yield connection


def _decoded(text: str) -> str:
    """Return what is written with %, as the bytes that it stands for."""
    return unquote_to_bytes(text).decode(EIGHT_BITS)


class _Talk(ftplib.FTP):
    """The control connection; watched from its first line on, and no reply is read without end."""

    def __init__(self, limits: Limits, watch: Watch) -> None:
        super().__init__(timeout=limits.connect_s, encoding=EIGHT_BITS)
        self._limits = limits
        self._watch = watch
        self._said_bytes = 0

    def getline(self) -> str:
        """Return one line of a reply."""
        if not self._said_bytes and self.sock:
            self.sock.settimeout(self._limits.read_s)
            self._watch.add(self.sock)
        line = super().getline()
        self._said_bytes += len(line) + 1
        if self._said_bytes > TALK_BYTES:
            raise ftplib.error_proto("a reply without end")
        return line


class _Connection:
    """One session with the server; raises SourceError."""

    def __init__(self, exchange: Exchange, limits: Limits) -> None:
        self._exchange = exchange
        self._limits = limits
        self._watch = Watch(limits.answer_s)
        self._ftp = _Talk(limits, self._watch)
        self._data: socket.socket | None = None

    def close(self) -> None:
        """End it; a server that lets only a few in hears that this one leaves."""
        if self._data:
            self._data.close()
        if self._ftp.sock:
            with suppress(*FAILURES):
                self._ftp.putcmd("QUIT")
        self._ftp.close()
        self._watch.close()

    @contextmanager
    def telling(self) -> Iterator[None]:
        """Do something within the time limit, and turn what goes wrong into errors for people."""
        exchange = self._exchange
        try:
            with self._watch:
                yield
        except FAILURES as error:
            if self._watch.is_late:
                raise slow_error(exchange.where, exchange.server, exchange.answer_s) from None
            if isinstance(error, TimeoutError) and not self._ftp.sock:
                raise connect_error(exchange.where, exchange.server, exchange.connect_s) from None
            raise failure(exchange, error) from None  # ftplib's tracebacks hold the password

    def begin(self, host: str, port: int, user: Secret, password: Secret) -> None:
        """Connect and log in."""
        with self.telling():
            self._ftp.connect(host, port)
            self._ftp.login(user.reveal(), password.reveal())
            self._ftp.voidcmd("TYPE I")

    def size(self, path: str) -> int | None:
        """Return a file's size, None when the server does not know the question."""
        with self.telling():
            try:
                return self._ftp.size(path)
            except ftplib.error_perm as error:
                if is_unknown_command(error):
                    return None
                raise

    def retrieve(self, path: str, start_byte: int) -> Part:
        """Ask for a file from a byte on; whether it is there RETR says."""
        with self.telling():
            file = self._known(path)
            if start_byte and file.size_bytes is not None and file.size_bytes <= start_byte:
                if file.size_bytes < start_byte:
                    raise changed_error(self._exchange.where, start_byte)
                return Part(iter(()), start_byte, file)  # the connection broke after the last byte
            try:
                self._data, _ = self._ftp.ntransfercmd(f"RETR {path}", start_byte or None)
            except ftplib.error_perm as error:
                if not start_byte or not is_unknown_command(error):
                    raise
                start_byte = 0
                self._data, _ = self._ftp.ntransfercmd(f"RETR {path}")
            self._data.settimeout(self._limits.read_s)
            self._watch.add(self._data)
        return Part(self._body(self._data, start_byte, file.size_bytes), start_byte, file)

    def _known(self, path: str) -> Known:
        """Return size and time of a file, as far as the server knows these questions."""
        size_bytes, time = None, ""
        with suppress(ftplib.error_perm):
            size_bytes = self._ftp.size(path)
        with suppress(ftplib.error_perm):
            time = self._ftp.voidcmd(f"MDTM {path}")[4:]
        return Known(size_bytes, time)

    def _body(self, data: socket.socket, start_byte: int, size_bytes: int | None) -> Iterator[bytes]:
        """Yield the file's bytes; it is whole when there are as many as SIZE says, else when the server says so."""
        at, exchange = start_byte, self._exchange
        try:
            for chunk in gather(lambda: data.recv(CHUNK_BYTES), self._watch, FAILURES):
                at += len(chunk)
                yield chunk
        except FAILURES as error:
            if not self._watch.is_late and not isinstance(error, ConnectionError):
                raise failure(exchange, error) from None
        if self._watch.is_late:
            raise slow_error(exchange.where, exchange.server, exchange.answer_s)
        if at < size_bytes if size_bytes is not None else not self._is_done():
            raise cut_error(exchange.where, at, size_bytes)

    def _is_done(self) -> bool:
        try:
            with self._watch:
                self._ftp.voidresp()
        except FAILURES:
            return False
        return True
