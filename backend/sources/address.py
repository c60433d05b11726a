"""The parts of an address that names a server."""

from __future__ import annotations

from urllib.parse import SplitResult, urlsplit

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
