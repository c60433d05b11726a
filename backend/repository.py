"""Finds installation repositories below an address (G C.3.1), and checks the packages they name."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict
from functools import partial

from backend.fallback import select_repositories
from backend.signature import check_signature, manifest, require_strong_sums, unsigned_error
from backend.sources import open_location, open_media
from backend.sources.checked import checked
from backend.sources.transport import AbsentError, Transport, UnreachableError
from backend.sources.trust import trusted
from installer.model.errors import PackageError, RepositoryError, SourceError
from installer.model.openpgp import Keyring
from installer.model.package_fields import extension_fields
from installer.model.repository import (
    PACKAGES_FILE,
    REPOSITORY_FILE,
    SIGNATURE_FILE,
    decode_metadata,
    parse_packages,
    parse_repository,
)
from installer.model.source import MAIN_REPOSITORY, Location, LocationKind, Media, Package, Repository
from installer.model.units import human_size

PLACES = ("", "packages", "packages.main", "packages.linux", "packages.site")  # G C.3.1
METADATA_LIMIT_BYTES = 4 * 1024 * 1024


def find_repositories(location: Location, media: Media) -> tuple[Repository, ...]:
    """Return the repositories at an address and in the directories below it, xs:main first, else in that order.

    Local media are looked at one after another: of those that hold the same repository the first whole one gives it.
    Raises SourceError when there is none, RepositoryError when one is not complete or not valid, or when two media hold
    different ones of the same id.
    """
    if location.kind is not LocationKind.LOCAL:
        return _find_below(open_location(location, media))
    on_media = [_find_below(medium) for medium in open_media(media)]
    if len(on_media) == 1:  # what is wrong with it is found by the plan's own checks
        return on_media[0]
    _check_same([repository for found in on_media for repository in found])
    return select_repositories(on_media, check_packages)[0]


def _check_same(repositories: Sequence[Repository]) -> None:
    """Raise RepositoryError for two that have the id in common and no more: nobody said which of them is meant."""
    first: dict[str, Repository] = {}
    for repository in repositories:
        known = first.setdefault(repository.id, repository)
        if (known.version, known.packages) != (repository.version, repository.packages):
            about = " and ".join(f"{one.name} {one.version} at {one.location.shown()}" for one in (known, repository))
            what = f"two media hold a repository {repository.id}, and they differ: {about}"
            raise RepositoryError(what, hint="take out the one that is not meant")


def _find_below(base: Transport) -> tuple[Repository, ...]:
    """Return the repositories at one place and below it."""
    found: list[Repository] = []
    answers: list[str] = []
    for directory in PLACES:
        place = base.at(directory) if directory else base
        try:
            repository = _read(place)
        except AbsentError as absent:
            answers.append(f"  {place.shown}: {absent.what}")
        else:
            found.append(repository)
    if not found:
        raise SourceError(
            "\n".join(["no installation repository was found; looked for XS-REPOSITORY and XS-PACKAGES in", *answers]),
            where=base.shown,
            hint="give the directory that holds packages.main, or a repository itself",
        )
    return tuple(sorted(found, key=lambda repository: repository.id != MAIN_REPOSITORY))


def _read(place: Transport) -> Repository:
    """Read one repository; raises AbsentError when neither of its files is there."""
    about, about_absent = _read_metadata(place, REPOSITORY_FILE)
    listing, listing_absent = _read_metadata(place, PACKAGES_FILE)
    if about_absent and listing_absent:
        raise about_absent
    # what is wrong with the one that came, such as a web page for every address, explains more than the missing other
    about_file, listing_file = map(place.shown_file, (REPOSITORY_FILE, PACKAGES_FILE))
    if about_absent:
        parse_packages(decode_metadata(listing, listing_file), listing_file)
        raise _incomplete(about_absent, PACKAGES_FILE)
    if listing_absent:
        parse_repository(decode_metadata(about, about_file), about_file)
        raise _incomplete(listing_absent, REPOSITORY_FILE)
    keys = trusted().keys
    signed_by = _check_signature(place, manifest(about, listing), keys) if keys else ""
    identity = parse_repository(decode_metadata(about, about_file), about_file)
    packages = parse_packages(decode_metadata(listing, listing_file), listing_file)
    if keys:
        require_strong_sums(packages, listing_file)
    id, name, product, version = identity.id, identity.name, identity.product, identity.version
    return Repository(id, name, product, version, place.location, packages, signed_by=signed_by)


def _incomplete(absent: AbsentError, other: str) -> SourceError:
    what = f"{absent.what}, but {other} is there: the repository is not complete"
    return SourceError(what, where=absent.where, hint="copy the repository again")


def _check_signature(place: Transport, signed: bytes, keys: Sequence[Keyring]) -> str:
    """Check who has signed before a line of the metadata is believed; returns the key's fingerprint."""
    where = place.shown_file(SIGNATURE_FILE)
    signature, absent = _read_metadata(place, SIGNATURE_FILE)
    if absent:
        raise unsigned_error(where)
    return check_signature(signed, signature, keys, where)


def _read_metadata(place: Transport, name: str) -> tuple[bytes, AbsentError | None]:
    try:
        return place.read_file(name, METADATA_LIMIT_BYTES), None
    except AbsentError as absent:
        return b"", absent


def check_packages(repositories: Sequence[Repository]) -> None:
    """Look whether every package is there with the right size; raises one PackageError that lists all that are not."""
    wrong: list[str] = []
    for repository in repositories:
        source = open_location(repository.location, None)
        for package in repository.packages:
            try:
                size_bytes = source.size(package.filename, package.size_bytes)
            except UnreachableError:
                raise
            except SourceError as error:
                wrong.append(f"package {package.name}: {error.where}: {error.what}")
                continue
            if size_bytes != package.size_bytes:
                where = source.shown_file(package.filename)
                what = f"has {size_bytes} bytes, XS-PACKAGES states {package.size_bytes}"
                wrong.append(f"package {package.name}: {where}: {what}")
    if wrong:
        raise PackageError("\n".join(wrong), hint="the repository is not complete, or is being copied: copy it again")


def _from(before: int, on_bytes: Callable[[int], None], done: int) -> None:
    on_bytes(before + done)


def verify_repository(repository: Repository, on_bytes: Callable[[int], None]) -> tuple[SourceError, ...]:
    """Read every package and return what is wrong, one error for each faulty package.

    `on_bytes` hears how many bytes of the whole repository have passed. Raises UnreachableError.
    """
    source = open_location(repository.location, None)
    faults: list[SourceError] = []
    before = 0
    for package in repository.packages:
        try:
            verify_package(source, package, partial(_from, before, on_bytes))
        except UnreachableError:
            raise
        except SourceError as error:
            faults.append(error)
        before += package.size_bytes
        on_bytes(before)
    return tuple(faults)


def verify_package(source: Transport, package: Package, on_bytes: Callable[[int], None]) -> None:
    """Read one package; `on_bytes` hears how many of its bytes have passed. Raises SourceError for what is wrong."""
    with source.open(package.filename) as chunks:
        for _ in checked(chunks, package, on_bytes, where=source.shown_file(package.filename)):
            pass


def show_repository(repository: Repository) -> tuple[str, ...]:
    """Return a repository as lines for people: what it is, where, and its packages."""
    lines = [
        f"{repository.id}: {repository.name}",
        f"  for {repository.product} {repository.version}",
        f"  at {repository.location.shown()}",
        f"  {len(repository.packages)} packages, {human_size(repository.size_bytes)}",
    ]
    if repository.signed_by:
        lines.append(f"  signed by {repository.signed_by}")
    width = max((len(package.name) for package in repository.packages), default=0)
    for package in repository.packages:
        needed = "required" if package.required else "optional"
        lines.append(
            f"  {package.name:{width}}  {package.type:8}  {needed}  {human_size(package.size_bytes):>9}"
            f"  {package.md5}  {package.filename} -> {package.destination}"
        )
        if fields := extension_fields(package):
            lines.append(f"  {'':{width}}  {' '.join(fields)}")
    return tuple(lines)


def repository_record(repository: Repository) -> dict[str, object]:
    """Return a repository as a JSON object, its address without credentials."""
    return {
        "event": "Repository",
        "id": repository.id,
        "name": repository.name,
        "product": repository.product,
        "version": repository.version,
        "location": repository.location.shown(),
        **({"signed_by": repository.signed_by} if repository.signed_by else {}),
        "packages": [asdict(package) for package in repository.packages],
    }


def sums_checked(repository: Repository) -> str:
    """Return in words what of the packages was checked."""
    strong = sum(bool(package.sha256) for package in repository.packages)
    if not strong:
        return "size and MD5"
    count = "" if strong == len(repository.packages) else f" (stated for {strong})"
    return f"size, MD5 and SHA-256{count}"
