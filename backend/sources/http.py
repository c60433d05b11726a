"""Repositories on a web server: HTTP and HTTPS by requests.

User name and password of the address go to that server alone, never to another one it redirects to, and stand in no
message. The environment (proxies, .netrc) is left out, so that an installation does the same everywhere.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import SplitResult, quote, unquote, urljoin, urlsplit

import requests
import urllib3.exceptions
from requests.auth import HTTPBasicAuth

from backend.sources.http_errors import Exchange, cut_error, failure, is_cut, received_bytes, status_error
from backend.sources.transport import CHUNK_BYTES, Transport
from installer.model.errors import SourceError
from installer.model.secret import Secret
from installer.model.source import Location, LocationKind, without_credentials

SYSTEM_CERTIFICATES = "/etc/ssl/certs/ca-certificates.crt"  # Debian, ca-certificates
HEADERS = {"Accept-Encoding": "identity", "Connection": "close"}
REDIRECTS = (301, 302, 303, 307, 308)
HEAD_REFUSED = (400, 403, 405, 501)  # some servers answer GET only
UNENCODED = ("", "identity", "bzip2", "x-bzip2")  # some servers call a .bz2 file encoded; its bytes are meant
FAILURES = (requests.RequestException, urllib3.exceptions.HTTPError, UnicodeError, OSError)


@dataclass(frozen=True)
class Limits:
    """Seconds to wait for a connection and for further bytes; how many redirects are followed."""

    connect_s: float = 15
    read_s: float = 30
    redirects: int = 5


class HttpTransport(Transport):
    """Files below a URL; its query goes with every file. `certificates` is a file of authorities to trust."""

    def __init__(self, url: str, *, limits: Limits | None = None, certificates: str = "") -> None:
        self._limits = limits or Limits()
        self._url = url
        self._parts = _split(url)
        self._auth = _auth(self._parts)
        self._certificates = certificates
        system = SYSTEM_CERTIFICATES if os.path.exists(SYSTEM_CERTIFICATES) else ""
        self._verify: str | bool = certificates or system or True

    @property
    def location(self) -> Location:
        """The URL as given, with its credentials."""
        return Location(LocationKind.URL, Secret(self._url))

    def at(self, directory: str) -> HttpTransport:
        """Extend the path; query and credentials stay."""
        parts = self._parts._replace(path=_below(self._parts.path, directory))
        return HttpTransport(parts.geturl(), limits=self._limits, certificates=self._certificates)

    def shown_file(self, name: str) -> str:
        """The file's URL without credentials."""
        return without_credentials(self._file(name).geturl())

    def _file(self, name: str) -> SplitResult:
        return self._parts._replace(path=_below(self._parts.path, name)) if name else self._parts

    def size(self, name: str) -> int:
        """Ask with HEAD; a server that does not say is asked for the file itself, which is then counted."""
        try:
            with self._request("HEAD", name) as (response, _):
                length = _length(response)
        except _HeadRefused:
            length = None
        if length is not None:
            return length
        with self._request("GET", name) as (response, exchange):
            length = _length(response)
            return sum(map(len, _body(response, exchange))) if length is None else length

    @contextmanager
    def open(self, name: str) -> Iterator[Iterator[bytes]]:
        """Ask with GET; the body is counted against Content-Length."""
        with self._request("GET", name) as (response, exchange):
            yield _body(response, exchange)

    @contextmanager
    def _request(self, method: str, name: str) -> Iterator[tuple[requests.Response, Exchange]]:
        """Follow redirects here: requests would follow to plain http and to other schemes."""
        url = self._file(name)
        for _ in range(self._limits.redirects + 1):
            exchange = self._exchange(name, url)
            with _Session() as session, self._send(session, method, url, exchange) as response:
                if response.status_code not in REDIRECTS:
                    if method == "HEAD" and response.status_code in HEAD_REFUSED:
                        raise _HeadRefused
                    _check(response, exchange)
                    yield response, exchange
                    return
                url = _redirected(url, response, exchange)
        raise SourceError(
            f"the server redirects more than {self._limits.redirects} times",
            where=self.shown_file(name),
            hint="look into the server's configuration; open the address in a browser",
        )

    def _send(self, session: _Session, method: str, url: SplitResult, exchange: Exchange) -> requests.Response:
        session.trust_env = False
        target = url._replace(netloc=_host(url), fragment="").geturl()
        try:
            return session.request(
                method,
                target,
                auth=self._auth if exchange.has_credentials else None,
                headers=HEADERS,
                timeout=(self._limits.connect_s, self._limits.read_s),
                stream=True,
                allow_redirects=False,
                verify=self._verify,
            )
        except FAILURES as error:
            raise failure(exchange, error) from None  # the exceptions below hold the whole request

    def _exchange(self, name: str, url: SplitResult) -> Exchange:
        origin = (url.scheme, _host(url)) == (self._parts.scheme, _host(self._parts))
        where = self.shown_file(name)
        if url != self._file(name):
            where += f" (redirected to {without_credentials(url.geturl())})"
        return Exchange(
            where, _host(url), origin and self._auth is not None, self._limits.connect_s, self._limits.read_s
        )


class _Session(requests.Session):
    """One for each request: a connection kept open may be closed by the server just as it is used again.

    It does not look at redirects itself: it would read the whole body that comes with one, however long.
    """

    def get_redirect_target(self, resp: requests.Response) -> str | None:
        return None


class _HeadRefused(Exception):
    """The server does not answer HEAD."""


def _split(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        if parts.hostname and parts.port != 0:
            return parts
    except ValueError:
        pass
    raise SourceError("this is not a valid address", where=without_credentials(url), hint="write http://HOST/DIRECTORY")


def _host(parts: SplitResult) -> str:
    return parts.netloc.rpartition("@")[2].lower()


def _auth(parts: SplitResult) -> HTTPBasicAuth | None:
    if not parts.username and not parts.password:
        return None
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    return HTTPBasicAuth(user.encode(), password.encode())


def _below(path: str, name: str) -> str:
    return f"{path.rstrip('/')}/{quote(name)}"


def _redirected(url: SplitResult, response: requests.Response, exchange: Exchange) -> SplitResult:
    try:
        parts = _split(urljoin(url._replace(netloc=_host(url)).geturl(), response.headers.get("Location", "")))
    except (SourceError, ValueError):
        parts = SplitResult("", "", "", "", "")
    if parts.scheme not in ("http", "https") or (url.scheme, parts.scheme) == ("https", "http"):
        target = f"{parts.scheme}://" if parts.scheme else "an address that is not valid"
        raise SourceError(
            f"the server redirects from {url.scheme}:// to {target}, which is not followed",
            where=exchange.where,
            hint="give the right address",
        )
    return parts._replace(netloc=_host(parts))


def _check(response: requests.Response, exchange: Exchange) -> None:
    if response.status_code != requests.codes.ok:
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


def _body(response: requests.Response, exchange: Exchange) -> Iterator[bytes]:
    """Yield the body; one that ends before Content-Length bytes raises SourceError."""
    expected, received = _length(response), 0
    try:
        for chunk in response.iter_content(CHUNK_BYTES):
            received += len(chunk)
            yield chunk
    except FAILURES as error:
        if is_cut(error):
            raise cut_error(exchange, max(received, received_bytes(error)), expected) from None
        raise failure(exchange, error) from None
    if expected is not None and received < expected:
        raise cut_error(exchange, received, expected)
