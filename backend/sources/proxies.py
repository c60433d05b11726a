"""The proxy that the environment names for an address: http_proxy, https_proxy, all_proxy, no_proxy, in either case.

As requests and curl read them: a name in small letters comes before the same in capitals, an empty one counts for
nothing. A proxy's address may hold a user name and a password. One that is to be spoken to by TLS itself is refused:
requests 2.34 does not look at its certificate when what is asked for is http.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

import requests.utils

from installer.model.errors import SourceError
from installer.model.secret import Secret

NAMES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")
VARIABLES = (*NAMES, *(name.upper() for name in NAMES))
HINT = "write http://HOST:PORT or http://USER:PASSWORD@HOST:PORT into it; in a password write / as %2F and @ as %40"

Variables = tuple[tuple[str, Secret], ...]


@dataclass(frozen=True)
class Proxy:
    """`url` may hold credentials; `shown` is host and port."""

    url: Secret
    shown: str
    has_credentials: bool


def proxy_variables() -> Variables:
    """Return what the environment says of proxies, for a process that has another one."""
    return tuple((name, Secret(value)) for name in VARIABLES if (value := os.environ.get(name)))


def set_proxy_variables(variables: Iterable[tuple[str, Secret]]) -> None:
    """Have this process's environment say the same."""
    os.environ.update((name, value.reveal()) for name, value in variables)


def proxy_for(url: SplitResult, where: str) -> Proxy | None:
    """Return the proxy to ask for an http or https URL, None when the server itself is to be asked.

    Raises SourceError for a proxy whose address is none, which is not quoted.
    """
    address = url._replace(netloc=url.netloc.rpartition("@")[2]).geturl()
    text = requests.utils.select_proxy(address, dict(requests.utils.get_environ_proxies(address)))
    if not text:
        return None
    text = text if "://" in text else f"http://{text}"
    try:
        parts = urlsplit(text)
        known = parts.scheme.lower() == "http"
        if known and parts.hostname and parts.port != 0:
            return Proxy(Secret(text), parts.netloc.rpartition("@")[2], parts.username is not None)
        scheme = "" if known or not parts.scheme.isalnum() else f" ({parts.scheme}://)"
    except ValueError:
        scheme = ""
    what = f"the proxy that the environment names for {url.scheme}:// is not an http:// address{scheme}"
    raise SourceError(what, where=where, hint=f"look at {', '.join(NAMES[:3])}: {HINT}")
