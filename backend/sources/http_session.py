"""One request over HTTP with requests: a connection of its own, redirects left alone, every socket watched."""

from __future__ import annotations

import socket
from collections.abc import Mapping
from functools import partial

import requests
import urllib3
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection

from backend.sources.proxies import Proxy
from backend.sources.trust import tls_context
from backend.sources.watch import Watch


class OneRequest(requests.Session):
    """One for each request: a connection kept open may be closed by the server just as it is used again.

    It does not look at redirects itself: it would read the whole body that comes with one, however long.
    Of the environment only the proxies count (`proxies.py`), no .netrc and no other list of certificates.
    """

    def __init__(self, watch: Watch, proxy: Proxy | None = None) -> None:
        super().__init__()
        self.trust_env = False
        self.watch = watch
        if proxy:
            self.proxies = {"all": proxy.url.reveal()}
        for scheme in ("http://", "https://"):
            self.mount(scheme, _Adapter(watch))

    def get_redirect_target(self, resp: requests.Response) -> str | None:
        """Say that there is none."""
        return None


class _Adapter(HTTPAdapter):
    """Has the connections' sockets watched from the first byte on, that of a TLS handshake included."""

    def __init__(self, watch: Watch) -> None:
        super().__init__()
        self._watch = watch

    def get_connection_with_tls_context(
        self,
        request: requests.PreparedRequest,
        verify: bool | str | None,
        proxies: Mapping[str, str] | None = None,
        cert: object = None,
    ) -> urllib3.connectionpool.ConnectionPool:
        """Return the pool as requests makes it, but for its connections."""
        pool = super().get_connection_with_tls_context(request, verify, proxies, None)
        kind = _WatchedTls if isinstance(pool, urllib3.HTTPSConnectionPool) else _Watched
        if isinstance(pool, urllib3.HTTPConnectionPool):
            if context := tls_context():
                pool.conn_kw["ssl_context"] = context
            pool.ConnectionCls = partial(kind, self._watch)  # type: ignore[assignment]  # it is only called
        return pool


class _Watched(HTTPConnection):
    def __init__(self, watch: Watch, *args: object, **options: object) -> None:
        super().__init__(*args, **options)  # type: ignore[arg-type]  # passed on as they come
        self._watch = watch

    def _new_conn(self) -> socket.socket:
        connection = super()._new_conn()
        self._watch.add(connection)
        return connection


class _WatchedTls(_Watched, HTTPSConnection):
    """The same with TLS: urllib3's connection with TLS is one without, too."""
