"""Repositories on a web server: HTTP and HTTPS by requests.

User name and password of the address go to that server alone, never to another one it redirects to, and stand in no
message. Of the environment only the proxies count (`proxies.py`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import partial
from string import punctuation
from urllib.parse import SplitResult, quote, urljoin

import requests
import urllib3.exceptions

from backend.sources.address import host_of, login_of, split_address
from backend.sources.http_errors import failure, is_cut, range_error, status_error
from backend.sources.http_session import OneRequest
from backend.sources.network_errors import Exchange, cut_error, slow_error
from backend.sources.proxies import Proxy, proxy_for
from backend.sources.resume import Attempts, Known, Part, changed_error, downloading
from backend.sources.transport import BRIEF, CHUNK_BYTES, Patience, Transport, counted
from backend.sources.trust import system_certificates
from backend.sources.watch import Watch, gather
from installer.model.errors import SourceError
from installer.model.secret import Secret
from installer.model.source import Location, LocationKind, without_credentials

HEADERS = {"Accept-Encoding": "identity", "Connection": "close"}
REDIRECTS = (301, 302, 303, 307, 308)
HEAD_REFUSED = (400, 403, 405, 501)  # some servers answer GET only
UNENCODED = ("", "identity", "bzip2", "x-bzip2")  # some servers call a .bz2 file encoded; its bytes are meant
_CONTENT_RANGE = re.compile(r"bytes ([0-9]{1,18})-([0-9]{1,18})/([0-9]{1,18})")
FAILURES = (requests.RequestException, urllib3.exceptions.HTTPError, UnicodeError, OSError)


@dataclass(frozen=True)
class Limits:
    """Seconds to wait for a connection and for further bytes, and for a whole answer or chunk of a file.

    `pause_s` is the first pause before a server is asked again; `redirects` is how many are followed.
    """

    connect_s: float = 15
    read_s: float = 30
    answer_s: float = 60
    pause_s: float = 0.5
    redirects: int = 5


class HttpTransport(Transport):
    """Files below a URL; its query goes with every file."""

    def __init__(self, url: str, *, limits: Limits | None = None) -> None:
        self._limits = limits or Limits()
        self._url = url
        self._parts = split_address(url)
        self._auth = login_of(self._parts)
        self._headers: Mapping[str, str] = HEADERS

    @property
    def location(self) -> Location:
        """The URL as given, with its credentials."""
        return Location(LocationKind.URL, Secret(self._url))

    def with_headers(self, headers: Mapping[str, str]) -> HttpTransport:
        """Return the transport of the same URL whose every request has these headers too, also after a redirect."""
        other = HttpTransport(self._url, limits=self._limits)
        other._headers = {**headers, **HEADERS}
        return other

    def at(self, directory: str) -> HttpTransport:
        """Extend the path; query and credentials stay."""
        parts = self._parts._replace(path=_below(self._parts.path, directory))
        return HttpTransport(parts.geturl(), limits=self._limits)

    def shown_file(self, name: str) -> str:
        """The file's URL without credentials."""
        return without_credentials(self._file(name).geturl())

    def _file(self, name: str) -> SplitResult:
        return self._parts._replace(path=_below(self._parts.path, name)) if name else self._parts

    def size(self, name: str, limit_bytes: int) -> int:
        """Ask with HEAD; a server that does not say is asked for the file itself, which is then counted."""
        return Attempts(BRIEF, self._limits.pause_s).run(lambda: self._size(name, limit_bytes))

    def _size(self, name: str, limit_bytes: int) -> int:
        try:
            with self._request("HEAD", name, {}) as answer:
                length = _length(answer.response)
        except _HeadRefused:
            length = None
        if length is not None:
            return length
        with self._request("GET", name, {}) as answer:
            length = _length(answer.response)
            return length if length is not None else counted(_body(answer, 0, None), limit_bytes)

    @contextmanager
    def open(self, name: str, start_byte: int = 0, patience: Patience = BRIEF) -> Iterator[Iterator[bytes]]:
        """Ask with GET; the body is counted against Content-Length. The rest is asked for by range (RFC 9110 14)."""
        attempts = Attempts(patience, self._limits.pause_s, start_byte)
        with downloading(partial(self._part, name), self.shown_file(name), start_byte, attempts) as chunks:
            yield chunks

    @contextmanager
    def _part(self, name: str, start_byte: int, known: Known) -> Iterator[Part]:
        headers = {"Range": f"bytes={start_byte}-"} if start_byte else {}
        if start_byte and known.mark:
            headers["If-Range"] = known.mark
        with self._request("GET", name, headers) as answer:
            yield _partial(answer, start_byte)

    @contextmanager
    def _request(self, method: str, name: str, headers: dict[str, str]) -> Iterator[_Answer]:
        """Follow redirects here: requests would follow to plain http and to other schemes."""
        url = self._file(name)
        for _ in range(self._limits.redirects + 1):
            proxy = proxy_for(url, self.shown_file(name))
            exchange = self._exchange(name, url, proxy)
            with (
                closing(Watch(self._limits.answer_s)) as watch,
                OneRequest(watch, proxy) as session,
                self._send(session, method, url, exchange, headers) as response,
            ):
                if response.status_code not in REDIRECTS:
                    if method == "HEAD" and response.status_code in HEAD_REFUSED:
                        raise _HeadRefused
                    _check(response, exchange, "Range" in headers)
                    yield _Answer(response, exchange, watch)
                    return
                url = _redirected(url, response, exchange)
        raise SourceError(
            f"the server redirects more than {self._limits.redirects} times",
            where=self.shown_file(name),
            hint="look into the server's configuration; open the address in a browser",
        )

    def _send(
        self, session: OneRequest, method: str, url: SplitResult, exchange: Exchange, headers: dict[str, str]
    ) -> requests.Response:
        try:
            with session.watch:
                return session.request(
                    method,
                    url._replace(netloc=host_of(url), fragment="").geturl(),
                    auth=self._auth if exchange.has_credentials else None,
                    headers={**self._headers, **headers},
                    timeout=(self._limits.connect_s, self._limits.read_s),
                    stream=True,
                    allow_redirects=False,
                    verify=system_certificates(),
                )
        except FAILURES as error:
            if session.watch.is_late:
                raise slow_error(exchange.where, exchange.server, exchange.answer_s) from None
            raise failure(exchange, error) from None  # the exceptions below hold the whole request

    def _exchange(self, name: str, url: SplitResult, proxy: Proxy | None) -> Exchange:
        origin = (url.scheme, host_of(url)) == (self._parts.scheme, host_of(self._parts))
        where = self.shown_file(name)
        if url != self._file(name):
            where += f" (redirected to {without_credentials(url.geturl())})"
        if proxy:
            where += f" (by the proxy {proxy.shown})"
        limits, has_credentials = self._limits, origin and self._auth is not None
        return Exchange(where, host_of(url), has_credentials, limits.connect_s, limits.read_s, limits.answer_s, proxy)


@dataclass(frozen=True)
class _Answer:
    """The head has come; the body is still to be read."""

    response: requests.Response
    exchange: Exchange
    watch: Watch


class _HeadRefused(Exception):
    """The server does not answer HEAD."""


def _below(path: str, name: str) -> str:
    return f"{path.rstrip('/')}/{quote(name)}"


def _redirected(url: SplitResult, response: requests.Response, exchange: Exchange) -> SplitResult:
    # what stands in no address is escaped, as it came: it would get into messages (RFC 3986 2.1, RFC 9110 10.2.2)
    location = quote(response.headers.get("Location", "").encode("latin-1"), safe=punctuation)
    try:
        parts = split_address(urljoin(url._replace(netloc=host_of(url)).geturl(), location))
    except (SourceError, ValueError):
        parts = SplitResult("", "", "", "", "")
    if parts.scheme not in ("http", "https") or (url.scheme, parts.scheme) == ("https", "http"):
        target = f"{parts.scheme}://" if parts.scheme else "an address that is not valid"
        raise SourceError(
            f"the server redirects from {url.scheme}:// to {target}, which is not followed",
            where=exchange.where,
            hint="give the right address",
        )
    return parts._replace(netloc=host_of(parts))


def _check(response: requests.Response, exchange: Exchange, in_part: bool) -> None:
    in_part_too = (requests.codes.partial_content, requests.codes.requested_range_not_satisfiable)
    if response.status_code != requests.codes.ok and not (in_part and response.status_code in in_part_too):
        raise status_error(exchange, response.status_code)
    encoding = response.headers.get("Content-Encoding", "").strip().lower()
    if encoding not in UNENCODED:
        raise SourceError(
            f"the server sends the file encoded ({encoding[:20]!r}) although it was asked not to",
            where=exchange.where,
            hint="switch off compression for this directory on the server",
        )


def _length(response: requests.Response) -> int | None:
    text = response.headers.get("Content-Length", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 20 else None


def _mark(response: requests.Response) -> str:
    """Return what may stand in If-Range: a strong ETag, else the date (RFC 9110 13.1.5)."""
    tag: str = response.headers.get("ETag", "")
    date: str = response.headers.get("Last-Modified", "")
    return tag if tag.startswith('"') else date


def _partial(answer: _Answer, start_byte: int) -> Part:
    """Return what the server sends in answer to a request for the bytes from one on."""
    response, mark = answer.response, _mark(answer.response)
    if response.status_code == requests.codes.ok:
        size_bytes = _length(response)
        return Part(_body(answer, 0, size_bytes), 0, Known(size_bytes, mark))
    stated = response.headers.get("Content-Range", "")
    if response.status_code == requests.codes.requested_range_not_satisfiable:
        if stated == f"bytes */{start_byte}":  # the connection broke after the last byte
            return Part(iter(()), start_byte, Known(start_byte))
        raise changed_error(answer.exchange.where, start_byte)
    match = _CONTENT_RANGE.fullmatch(stated)
    if not match or int(match[1]) != start_byte or int(match[2]) + 1 != int(match[3]):
        raise range_error(answer.exchange, start_byte, stated)
    size_bytes = int(match[3])
    return Part(_body(answer, start_byte, size_bytes), start_byte, Known(size_bytes, mark))


def _body(answer: _Answer, start_byte: int, size_bytes: int | None) -> Iterator[bytes]:
    """Yield the body; one that ends before the file does raises BrokenError."""
    at, exchange = start_byte, answer.exchange
    try:
        for chunk in gather(lambda: answer.response.raw.read1(CHUNK_BYTES), answer.watch, FAILURES):
            at += len(chunk)
            yield chunk
    except FAILURES as error:
        if not answer.watch.is_late:
            if is_cut(error):
                raise cut_error(exchange.where, at, size_bytes) from None
            raise failure(exchange, error) from None
    if answer.watch.is_late:
        raise slow_error(exchange.where, exchange.server, exchange.answer_s)
    if size_bytes is not None and at < size_bytes:
        raise cut_error(exchange.where, at, size_bytes)
