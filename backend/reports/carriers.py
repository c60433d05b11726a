"""The ways to those who want to be told: HTTP and HTTPS by POST, syslog by UDP and TCP. All of them give up soon."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

import requests

from backend.reports.outbox import Carrier, Record, RefusedError
from backend.reports.syslog import LARGEST_BYTES, message
from backend.sources.address import host_of, login_of, split_address
from backend.sources.http import FAILURES
from backend.sources.http_errors import failure
from backend.sources.http_session import OneRequest
from backend.sources.network_errors import Exchange, slow_error
from backend.sources.proxies import proxy_for
from backend.sources.trust import system_certificates
from backend.sources.watch import Watch
from installer.model.errors import SourceError, UsageError
from installer.model.source import Location

SYSLOG_PORT = 514
CONNECT_S, READ_S, ANSWER_S = 5.0, 5.0, 10.0
AGAIN = (408, 425, 429, *range(500, 600))  # answers after which the same request may be taken


@dataclass(frozen=True)
class Sender:
    """Who reports: headers that name the machine, its name, and the run."""

    headers: Mapping[str, str]
    hostname: str
    run: str


def carrier_for(location: Location, sender: Sender) -> Carrier:
    """Return the way to a place; nothing is sent yet. Raises UsageError when there is none, and never quotes it."""
    scheme = urlsplit(location.url.reveal()).scheme.lower()
    if scheme not in CARRIERS:
        hint = f"use {', '.join(CARRIERS)}"
        raise UsageError("reports go to no such address", where=location.shown(), hint=hint)
    return CARRIERS[scheme](location, sender)


class HttpCarrier:
    """One POST for a batch, each record a line of JSON (application/x-ndjson); what the server answers is not read."""

    def __init__(self, location: Location, sender: Sender) -> None:
        self._url = split_address(location.url.reveal())
        self._headers = {
            **sender.headers,
            "X-Installer-Run": sender.run,
            "Content-Type": "application/x-ndjson",
            "Connection": "close",
        }
        self.shown = location.shown()

    def send(self, records: Sequence[Record]) -> None:
        """A redirect is not followed: it would make a GET of the POST."""
        body = "".join(f"{json.dumps(record)}\n" for record in records).encode()
        proxy = proxy_for(self._url, self.shown)
        login, host = login_of(self._url), host_of(self._url)
        exchange = Exchange(self.shown, host, login is not None, CONNECT_S, READ_S, ANSWER_S, proxy)
        with closing(Watch(ANSWER_S)) as watch, OneRequest(watch, proxy) as session:
            try:
                with watch:
                    answer = session.post(
                        _plain(self._url),
                        data=body,
                        auth=login,
                        headers=self._headers,
                        timeout=(CONNECT_S, READ_S),
                        stream=True,
                        allow_redirects=False,
                        verify=system_certificates(),
                    )
            except FAILURES as error:
                if watch.is_late:
                    raise slow_error(self.shown, host, ANSWER_S) from None
                raise failure(exchange, error) from None
            with answer:
                self._check(answer)

    def _check(self, answer: requests.Response) -> None:
        if answer.status_code in AGAIN:
            raise SourceError(f"the server answers {answer.status_code}", where=self.shown)
        if not 200 <= answer.status_code < 300:
            raise RefusedError(f"the server does not take it ({answer.status_code})", where=self.shown)


def _plain(url: SplitResult) -> str:
    return url._replace(netloc=host_of(url), fragment="").geturl()


class SyslogUdp:
    """One datagram for a record, as long as receivers should take; nothing tells whether it arrives."""

    def __init__(self, location: Location, sender: Sender) -> None:
        self._server = _server(location)
        self._sender = sender
        self.shown = location.shown()

    def send(self, records: Sequence[Record]) -> None:
        """Look the name up each time: the network may have come up meanwhile."""
        try:
            family, kind, protocol, _, address = socket.getaddrinfo(*self._server, type=socket.SOCK_DGRAM)[0]
            with socket.socket(family, kind, protocol) as connection:
                connection.connect(address)
                for record in records:
                    connection.send(message(record, self._sender.hostname, self._sender.run, LARGEST_BYTES))
        except OSError as error:
            raise SourceError(error.strerror or str(error), where=self.shown) from error


class SyslogTcp:
    """A connection for a batch, each message behind its length (RFC 6587 3.4.1)."""

    def __init__(self, location: Location, sender: Sender) -> None:
        self._server = _server(location)
        self._sender = sender
        self.shown = location.shown()

    def send(self, records: Sequence[Record]) -> None:
        """Give up when the server does not read."""
        messages = (message(record, self._sender.hostname, self._sender.run) for record in records)
        data = b"".join(b"%d %s" % (len(text), text) for text in messages)
        try:
            with socket.create_connection(self._server, timeout=CONNECT_S) as connection:
                connection.sendall(data)
        except OSError as error:
            raise SourceError(error.strerror or str(error), where=self.shown) from error


def _server(location: Location) -> tuple[str, int]:
    parts = split_address(location.url.reveal())
    return parts.hostname or "", parts.port or SYSLOG_PORT


CARRIERS: dict[str, Callable[[Location, Sender], Carrier]] = {
    "http": HttpCarrier,
    "https": HttpCarrier,
    "syslog": SyslogUdp,
    "syslog+tcp": SyslogTcp,
}
