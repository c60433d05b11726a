"""The parts of an address that names a server."""

from __future__ import annotations

from urllib.parse import SplitResult, unquote, urlsplit

from requests.auth import HTTPBasicAuth

from installer.model.errors import SourceError
from installer.model.source import without_credentials


def split_address(url: str) -> SplitResult:
    """Return the parts; raises SourceError for an address without a server or with a port that is none."""
    try:
        parts = urlsplit(url)
        if parts.hostname and parts.port != 0:
            return parts
    except ValueError:
        pass
    scheme = url.partition(":")[0].lower()
    hint = f"write {scheme}://HOST/DIRECTORY"
    raise SourceError("this is not a valid address", where=without_credentials(url), hint=hint)


def host_of(parts: SplitResult) -> str:
    """Return host and port as they stand in the address, in small letters."""
    return parts.netloc.rpartition("@")[2].lower()


def login_of(parts: SplitResult) -> HTTPBasicAuth | None:
    """Return user name and password of the address, for HTTP; None without them."""
    if not parts.username and not parts.password:
        return None
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    return HTTPBasicAuth(user.encode(), password.encode())
