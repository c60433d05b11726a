"""Where installation repositories lie and what they hold: locations, repositories, packages."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from installer.model.secret import MASK, Secret


class LocationKind(StrEnum):
    """The answerfile's types of `source` and `post-install-script` (G C.2)."""

    URL = "url"
    LOCAL = "local"


NO_URL = Secret("")


@dataclass(frozen=True)
class Location:
    """An address. `url` is a Secret because it may carry a user name and password.

    For LOCAL the url is empty: the installation medium is meant.
    """

    kind: LocationKind
    url: Secret = NO_URL

    @property
    def over_network(self) -> bool:
        """Whether it is reached over a network."""
        return self.url.reveal().lower().startswith(("http:", "https:", "ftp:", "nfs:"))

    def shown(self) -> str:
        """Return the address for people and logs, without credentials."""
        if self.kind is LocationKind.LOCAL:
            return "local media"
        return without_credentials(self.url.reveal())


# also what was meant to be an address: a slash too few or too many, the colon forgotten
_ADDRESS = re.compile(r"((?:https?|ftp|nfs|file):/*|[a-z][a-z0-9+.-]*:/+|[^/]*//+)(.*)", re.IGNORECASE | re.DOTALL)


def without_credentials(url: str) -> str:
    """Return the URL with user name, password and query replaced by `***`: a query may be a key to the file.

    So is what would be credentials and query, were the address well-formed. A path is returned as it is.
    """
    match = _ADDRESS.fullmatch(url)
    if not match:
        return url
    return match[1] + re.sub(r"\?.+", f"?{MASK}", _without_user(match[2]), flags=re.DOTALL)


def _without_user(rest: str) -> str:
    """Return what stands after the slashes of a URL with user name and password masked.

    A password with an unescaped `/`, `?` or `#` makes no valid URL, but must not be shown either.
    """
    end = re.search(r"[/?#]|$", rest)
    authority = rest[: end.start()] if end else rest
    if "@" not in rest:
        return rest
    if "@" not in authority and re.fullmatch(r"\[[^\]]*\](:[0-9]*)?|[^:]*(:[0-9]*)?", authority):
        return rest  # the `@` stands in the path of an address without credentials
    host = authority if "@" in authority else rest
    shown = rest[len(host) :]
    return f"{MASK}@{host.rpartition('@')[2]}{shown}"


class PackageType(StrEnum):
    """The package types of G C.3.3, and tzst, which is an extension of ours."""

    TBZ2 = "tbz2"
    TZST = "tzst"
    DRIVER = "driver"
    FIRMWARE = "firmware"

    @property
    def is_tarball(self) -> bool:
        """Whether it is unpacked at a directory, not put in place as one file."""
        return self in (PackageType.TBZ2, PackageType.TZST)


@dataclass(frozen=True)
class Package:
    """One line of XS-PACKAGES: size in bytes, MD5 in 32 lower-case hexadecimal digits.

    `destination` is absolute on the target; `required` is True for driver and firmware packages. `signed_loader` is the
    directory on the target in which the package brings a boot loader signed for Secure Boot, mostly none. `sha256` is
    in 64 lower-case hexadecimal digits, empty when the repository does not state it; `unpacked_bytes` is the size of
    the files of a tarball, None when it is not stated.
    """

    name: str
    size_bytes: int
    md5: str
    type: PackageType
    filename: str
    destination: str
    required: bool = True
    signed_loader: str = ""
    sha256: str = ""
    unpacked_bytes: int | None = None


@dataclass(frozen=True)
class Repository:
    """One repository as read; `location` is the directory that holds XS-REPOSITORY (a URL or a path).

    `fallbacks` are where other sources of the answers hold the same repository, in their order. `signed_by` is the
    fingerprint of the key that has signed it, where a signature was required.
    """

    id: str
    name: str
    product: str
    version: str
    location: Location
    packages: tuple[Package, ...]
    fallbacks: tuple[Location, ...] = ()
    signed_by: str = ""

    @property
    def size_bytes(self) -> int:
        """The sum of the packages' sizes."""
        return sum(package.size_bytes for package in self.packages)


LOCAL_MEDIA = Location(LocationKind.LOCAL)


def not_among(repositories: Iterable[Repository], known: Iterable[Repository]) -> tuple[Repository, ...]:
    """Return those that are not known under their id with the same packages, wherever they come from."""
    present = {(repository.id, repository.packages) for repository in known}
    return tuple(each for each in repositories if (each.id, each.packages) not in present)


# the directories that local media are said to be in (--media); None: the drives of the booted image are looked at
Media = tuple[Path, ...] | None
MAIN_REPOSITORY = "xs:main"
