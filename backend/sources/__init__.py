"""Where repositories, answerfiles and scripts are read from: one module per transport."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from backend.image_mark import in_installation_image
from backend.sources.directory import DirectoryTransport, open_path
from backend.sources.ftp import FtpTransport
from backend.sources.http import HttpTransport
from backend.sources.medium import find_media
from backend.sources.nfs import NfsTransport
from backend.sources.transport import Transport
from installer.model.errors import SourceError, UsageError
from installer.model.source import Location, LocationKind, Media

TRANSPORTS: dict[str, Callable[[str], Transport]] = {
    "": open_path,
    "file": open_path,
    "http": HttpTransport,
    "https": HttpTransport,
    "ftp": FtpTransport,
    "nfs": NfsTransport,
}
TEXT_LIMIT_BYTES = 4 * 1024 * 1024


def open_location(location: Location, media: Media) -> Transport:
    """Return the transport for a location; nothing is read yet. LOCAL is the first of the media.

    Raises UsageError when there is no transport for it, SourceError when the medium is not there.
    """
    if location.kind is LocationKind.LOCAL:
        return open_media(media)[0]
    url = location.url.reveal().strip()
    scheme = url.partition(":")[0].lower() if "://" in url or url.lower().startswith("file:") else ""
    if not url:
        raise UsageError("the address of the source is empty")
    if scheme not in TRANSPORTS:
        known = ", ".join(f"{name}://" for name in TRANSPORTS if name)
        what = f"{location.shown()}: {scheme}:// is not supported by this version"
        raise UsageError(what, hint=f"use {known} or a path")
    return TRANSPORTS[scheme](url)


def open_media(media: Media) -> tuple[Transport, ...]:
    """Return the transports of all local media, that with the base first when they are found by themselves.

    Raises UsageError when it is not known where they are, SourceError when one is not there.
    """
    if media is None and in_installation_image():
        media = find_media()
    if not media:
        raise UsageError(
            "the source is local media, and it is not known where the installation medium is",
            hint="name its directory with --media DIR",
        )
    for place in media:
        if not place.is_dir():
            hint = "mount the medium there, or name another directory or source"
            raise SourceError("the directory given with --media is not there", where=str(place), hint=hint)
    return tuple(map(DirectoryTransport, media))


def check_media(count: int, media: Media) -> None:
    """Raise SourceError when fewer local media are there than answers list; one stands for however many there are."""
    if count < 2:
        return
    found = open_media(media)
    if len(found) < count:
        there = "only one is there" if len(found) == 1 else f"only {len(found)} are there"
        what = f"the answers list {count} local media, and {there}: {', '.join(place.shown for place in found)}"
        raise SourceError(what, hint="put the missing disc or stick in; each local source stands for one more of them")


def fetch_text(
    location: Location, limit_bytes: int = TEXT_LIMIT_BYTES, headers: Mapping[str, str] | None = None
) -> bytes:
    """Return a single small file, such as an answerfile or a script; raises SourceError, also for a larger one.

    `headers` go with the request where the transport has such.
    """
    transport = open_location(location, None)
    if headers and isinstance(transport, HttpTransport):
        transport = transport.with_headers(headers)
    return transport.read_file("", limit_bytes)
