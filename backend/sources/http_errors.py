"""Turns what can go wrong over HTTP into sentences: statuses, and the exceptions of requests and below it."""

from __future__ import annotations

import http.client
import re
import ssl
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from http import HTTPStatus

import requests
import urllib3.exceptions

from backend.sources.network_errors import Exchange, connect_error, lost_error, network_error, silence_error
from backend.sources.proxies import Proxy
from backend.sources.transport import AbsentError, BrokenError, UnreachableError
from installer.model.errors import SourceError
from installer.model.wording import quoted

ABSENT = (HTTPStatus.NOT_FOUND, HTTPStatus.GONE)
SERVER_ERRORS = (*range(500, 600), HTTPStatus.TOO_MANY_REQUESTS)
TIMEOUTS = (TimeoutError, requests.Timeout, urllib3.exceptions.TimeoutError)
PROXY_FAILURES = (requests.exceptions.ProxyError, urllib3.exceptions.ProxyError)
_TUNNEL = re.compile(r"Tunnel connection failed: ([0-9]{3}) ?([ -~]{0,60})")  # http.client
CONNECT_TIMEOUTS = (requests.ConnectTimeout, urllib3.exceptions.ConnectTimeoutError)
MAX_DEPTH = 20
# X509_V_ERR_* of OpenSSL, x509_vfy.h
NOT_YET_VALID, EXPIRED = 9, 10
SELF_SIGNED, SELF_SIGNED_IN_CHAIN, NO_ISSUER = 18, 19, 20
WRONG_HOST, WRONG_ADDRESS = 62, 64
CLOCK_HINT = "this machine's clock says {now:%Y-%m-%d %H:%M} UTC: is it right?"
CERTIFICATE = {
    EXPIRED: ("has expired", CLOCK_HINT),
    NOT_YET_VALID: ("is not valid yet", CLOCK_HINT),
    SELF_SIGNED: ("is signed by itself, not by an authority known here", ""),
    SELF_SIGNED_IN_CHAIN: ("is signed by an authority not known here", ""),
    NO_ISSUER: ("is signed by an authority not known here", ""),
    WRONG_HOST: ("is made out to another name", "use the name that stands in the certificate"),
    WRONG_ADDRESS: ("is made out to another name", "use the name that stands in the certificate"),
}
TRUST_HINT = (
    "name the certificate of its authority: by <ca-certificate> in the answerfile or, for the answerfile itself, by"
    " --ca or the kernel's word ca="
)


def status_error(exchange: Exchange, status: int) -> SourceError:
    """Return the error for an answer that is no file."""
    try:
        answer = f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        answer = str(status)
    where = exchange.where
    if status == HTTPStatus.PROXY_AUTHENTICATION_REQUIRED and exchange.proxy:
        return proxy_error(exchange, exchange.proxy, status, answer)
    if status in ABSENT:
        return AbsentError(f"the server has no such file ({answer})", where=where, hint="check the address")
    if status == HTTPStatus.UNAUTHORIZED and exchange.has_credentials:
        return SourceError(f"the server refuses the user name and password of the address ({answer})", where=where)
    if status == HTTPStatus.UNAUTHORIZED:
        hint = "write them in the address: http://USER:PASSWORD@HOST/…"
        return SourceError(f"the server wants a user name and password ({answer})", where=where, hint=hint)
    if status == HTTPStatus.FORBIDDEN:
        hint = "check the permissions of the file and its directories on the server"
        return SourceError(f"the server does not give out this file ({answer})", where=where, hint=hint)
    if status in SERVER_ERRORS:
        hint = "look into the server's log, or try again later"
        return BrokenError(f"the server failed ({answer})", where=where, hint=hint)
    return SourceError(f"the server answers {answer} instead of the file", where=where, hint="check the address")


def range_error(exchange: Exchange, wanted: int, answer: str) -> SourceError:
    """Return the error for other bytes than those asked for."""
    return SourceError(
        f"the server was asked for the file from byte {wanted} on and answers {quoted(answer)}",
        where=exchange.where,
        hint="switch off byte ranges for this directory on the server, or use another server",
    )


def failure(exchange: Exchange, error: Exception) -> SourceError:
    """Return the error for an exception of requests, by the innermost cause known here."""
    if exchange.proxy and any(isinstance(cause, PROXY_FAILURES) for cause in _causes(error)):
        for cause in _causes(error):
            if refused := _TUNNEL.match(str(cause)):
                answer = f"{refused[1]} {refused[2]}".strip()
                return proxy_error(exchange, exchange.proxy, int(refused[1]), answer)
        exchange = replace(exchange, server=f"the proxy {exchange.proxy.shown}", proxy=None)
    where, server = exchange.where, exchange.server
    for cause in _causes(error):
        if isinstance(cause, ssl.SSLError):
            return _tls_error(exchange, cause)
        told = network_error(cause, where, server)
        if told:
            return told
    if any(isinstance(cause, CONNECT_TIMEOUTS) for cause in _causes(error)):
        return connect_error(where, server, exchange.connect_s)
    if any(isinstance(cause, TIMEOUTS) for cause in _causes(error)):
        return silence_error(where, server, exchange.read_s)
    if isinstance(error, requests.exceptions.InvalidURL | requests.exceptions.InvalidSchema | UnicodeError):
        return SourceError("this is not a valid address", where=where, hint="write http://HOST/DIRECTORY")
    if any(isinstance(cause, ConnectionError | http.client.RemoteDisconnected) for cause in _causes(error)):
        return lost_error(where, server)
    hint = "is this the address and port of a web server?"
    return SourceError(f"{server} does not speak HTTP as it should ({type(error).__name__})", where=where, hint=hint)


def proxy_error(exchange: Exchange, proxy: Proxy, status: int, answer: str) -> UnreachableError:
    """Return the error for a proxy that does not ask the server."""
    name, where = f"the proxy {proxy.shown}", exchange.where
    if status == HTTPStatus.PROXY_AUTHENTICATION_REQUIRED and proxy.has_credentials:
        return UnreachableError(f"{name} refuses the user name and password it was given ({answer})", where=where)
    if status == HTTPStatus.PROXY_AUTHENTICATION_REQUIRED:
        hint = "write them in the variable: http://USER:PASSWORD@HOST:PORT"
        return UnreachableError(f"{name} wants a user name and password ({answer})", where=where, hint=hint)
    hint = "look into its log; the variable no_proxy names servers that are asked without it"
    return UnreachableError(f"{name} makes no connection with {exchange.server} ({answer})", where=where, hint=hint)


def _tls_error(exchange: Exchange, error: ssl.SSLError) -> SourceError:
    where, server = exchange.where, exchange.server
    if isinstance(error, ssl.SSLCertVerificationError):
        what, hint = CERTIFICATE.get(error.verify_code, (f"is not valid: {error.verify_message}", ""))
        return UnreachableError(
            f"the certificate of {server} {what}", where=where, hint=(hint or TRUST_HINT).format(now=datetime.now(UTC))
        )
    if error.reason in ("WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE", "HTTP_REQUEST"):
        hint = "is the port right? try http:// if the server has no TLS"
        return UnreachableError(f"{server} does not speak TLS", where=where, hint=hint)
    reason = (error.reason or "connection closed").replace("_", " ").lower()
    hint = "the server must offer TLS 1.2 or later; look into its log"
    return UnreachableError(f"no TLS connection with {server} came about ({reason})", where=where, hint=hint)


def is_cut(error: Exception) -> bool:
    """Say whether a body broke off because the other end closed the connection."""
    signs = (http.client.IncompleteRead, ConnectionError, requests.exceptions.ChunkedEncodingError)
    return any(isinstance(cause, signs) for cause in _causes(error))


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Yield an exception and what it was made from; requests hides causes in args, `reason` and `__cause__`."""
    waiting: list[object] = [error]
    seen: set[int] = set()
    while waiting and len(seen) < MAX_DEPTH:
        current = waiting.pop(0)
        if not isinstance(current, BaseException) or id(current) in seen:
            continue
        seen.add(id(current))
        yield current
        waiting += [*current.args, getattr(current, "reason", None), current.__cause__, current.__context__]
