"""Keys that repositories must be signed with: of the image, of options, kernel words and answers (spec R3, R44)."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from backend.authorities import trust_authorities
from backend.image_mark import in_installation_image
from backend.sources import fetch_text
from backend.sources.trust import Trusted, trust
from installer.model.errors import SourceError
from installer.model.openpgp import read_keyring
from installer.model.secret import Secret
from installer.model.source import Location, LocationKind
from installer.model.wishes import Trust

IMAGE_KEYS = Path("/etc/installer/keys")
LIMIT_BYTES = 1024 * 1024


def trust_places(trust: Trust) -> None:
    """Trust the certificates and require the keys that lie at some places. Raises SourceError."""
    trust_authorities(trust.ca_certificates)
    require_keys(trust.repository_keys)


def require_keys(locations: Iterable[Location]) -> None:
    """Fetch keys; from now on every repository must be signed by one of all that were given. Raises SourceError."""
    for location in locations:
        trust(Trusted(keys=(read_keyring(_fetched(location), location.shown()),)))


def keys_of_image() -> tuple[Location, ...]:
    """Return the keys that whoever made the installation image has put into it; none on another machine."""
    if not in_installation_image() or not IMAGE_KEYS.is_dir():
        return ()
    return tuple(Location(LocationKind.URL, Secret(str(path))) for path in sorted(IMAGE_KEYS.iterdir()))


def _fetched(location: Location) -> bytes:
    try:
        return fetch_text(location, LIMIT_BYTES)
    except SourceError as error:
        error.what = f"the key for repositories cannot be read: {error.what}"
        raise
