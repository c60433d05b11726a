"""Makes an installation repository: packs and compresses packages and writes their metadata.

All is made in a directory of its own inside the output directory and moved at the end, XS-REPOSITORY last: a run that
was broken off leaves the old repository, or one that no installer accepts, never a mixture that looks whole.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from backend.process import Argv
from backend.signature import check_signing_key, manifest, sign
from backend.system import System
from installer.model.errors import CommandFailed, InstallerError, RepositoryError, SourceError, UsageError
from installer.model.repository import (
    PACKAGES_FILE,
    REPOSITORY_FILE,
    SIGNATURE_FILE,
    Identity,
    decode_metadata,
    format_packages,
    format_repository,
    parse_packages,
    parse_repository,
)
from installer.model.repository_build import ENDINGS, BuildRequest, PackageInput
from installer.model.source import Package, PackageType

NEEDS = ("tar", "lbzip2", "zstd", "chmod", "cp", "install", "mkdir", "mktemp", "mv", "rm")
MAGICS = {PackageType.TBZ2: b"BZh", PackageType.TZST: b"\x28\xb5\x2f\xfd"}  # bzip2(1); RFC 8878, 3.1.1
TAR_MAGIC = b"ustar"
TAR_MAGIC_OFFSET = 257  # POSIX.1-2017 pax, ustar header block
CHUNK_BYTES = 1024 * 1024
STAGING_PREFIX = ".repository-build."
# Both give the same bytes for any number of threads; `exthdr.name` would else hold tar's process id.
COMPRESS = {PackageType.TBZ2: "lbzip2 -9", PackageType.TZST: "zstd --quiet -19 --threads=0"}
REPRODUCIBLE = ("--format=pax", "--pax-option=exthdr.name=%d/PaxHeaders/%f,delete=atime,delete=ctime", "--sort=name")
METADATA = ("--numeric-owner", "--xattrs", "--xattrs-include=*")


@dataclass(frozen=True)
class Built:
    """The finished repository."""

    identity: Identity
    packages: tuple[Package, ...]


def build_repository(
    system: System, request: BuildRequest, output: Path, on_package: Callable[[PackageInput], None] = lambda _: None
) -> Built:
    """Make the repository in `output`; `on_package` hears of each package before it is packed.

    Raises UsageError for a request that does not fit, SourceError for input that cannot be read or packed,
    InstallerError when the output directory cannot be made.
    """
    _check_request(request)
    if request.sign:
        check_signing_key(system, request.sign)
    output = output.absolute()
    stale = _check_output(output)
    staging = _make_staging(system, output)
    try:
        packages = []
        for package in request.packages:
            on_package(package)
            packages.append(_pack(system, package, Path(staging), request))
        listing, about = format_packages(packages), format_repository(request.identity)
        _save(system, f"{staging}/{PACKAGES_FILE}", listing)
        _save(system, f"{staging}/{REPOSITORY_FILE}", about)
        if request.sign:
            signature = Path(staging, SIGNATURE_FILE)
            sign(system, request.sign, manifest(about.encode(), listing.encode()), signature)
            system.run(("chmod", "0644", "--", str(signature)))
        _publish(system, Path(staging), output, stale)
    finally:
        system.run(("rm", "--recursive", "--force", "--", staging))
    return Built(request.identity, tuple(packages))


def _make_staging(system: System, output: Path) -> str:
    try:
        system.run(("mkdir", "--parents", "--", str(output)))
        (staging,) = system.run(("mktemp", "--directory", f"{output}/{STAGING_PREFIX}XXXXXXXX"))
    except CommandFailed as error:
        raise InstallerError("\n".join(error.output), where=str(output), hint="choose another --output") from error
    return staging


def _check_request(request: BuildRequest) -> None:
    try:
        again = parse_repository(format_repository(request.identity), REPOSITORY_FILE)
    except RepositoryError as error:
        raise UsageError(error.what) from error
    if again != request.identity:
        raise UsageError("id, name, product and version may not begin or end with blanks, nor contain newlines")
    if not request.packages:
        raise UsageError("a repository needs at least one package", hint="write NAME=PATH")
    names = [package.name for package in request.packages]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise UsageError(f"package {', '.join(twice)} is given more than once")
    for package in request.packages:
        _check_input(package)


def _check_input(package: PackageInput) -> None:
    try:
        if stat.S_ISDIR(os.stat(package.path).st_mode):
            if not os.listdir(package.path):
                raise SourceError(f"package {package.name}: the directory is empty", where=package.path)
            return
        with open(package.path, "rb") as stream:
            head = stream.read(TAR_MAGIC_OFFSET + len(TAR_MAGIC))
    except OSError as error:
        raise SourceError(f"package {package.name}: {error.strerror}", where=package.path) from error
    if package.path.endswith(".tar") and head[TAR_MAGIC_OFFSET:] == TAR_MAGIC:
        return
    if package.path.endswith(ENDINGS[package.type]) and head.startswith(MAGICS[package.type]):
        return
    raise SourceError(
        f"package {package.name} is neither a directory nor a tarball",
        where=package.path,
        hint="give a directory, a .tar, .tar.bz2 or .tar.zst file",
    )


def _check_output(output: Path) -> tuple[str, ...]:
    """Return the files of the repository that stands in `output`; refuses any other directory with files."""
    if not output.exists():
        return ()
    if not output.is_dir():
        raise UsageError(f"{output} is not a directory")
    names = [name for name in os.listdir(output) if not name.startswith(STAGING_PREFIX)]
    if names and PACKAGES_FILE not in names:
        raise UsageError(f"{output} has files in it and is not a repository", hint="give a new or empty directory")
    signature = (SIGNATURE_FILE,) if SIGNATURE_FILE in names else ()
    try:
        old = (output / PACKAGES_FILE).read_bytes() if names else b""
        text = decode_metadata(old, f"{output}/{PACKAGES_FILE}")
        found = parse_packages(text, PACKAGES_FILE) if text else ()
    except InstallerError:
        return signature
    return (*signature, *(package.filename for package in found))


def _pack(system: System, package: PackageInput, staging: Path, request: BuildRequest) -> Package:
    """Make one package file in `staging`."""
    target = staging / package.filename
    try:
        _compress(system, package, target, request.newest_s)
    except CommandFailed as error:
        why = error.output[0] if error.output else error.what
        raise SourceError(f"package {package.name} cannot be packed: {why}", where=package.path) from error
    size_bytes, md5, sha256 = _measure(target)
    return Package(
        package.name, size_bytes, md5, package.type, package.filename, package.destination, package.required,
        sha256=sha256 if request.sha256 or request.sign else "",
    )  # fmt: skip


def _compress(system: System, package: PackageInput, target: Path, newest_s: int | None) -> None:
    source = os.path.abspath(package.path)
    if os.path.isdir(source):
        system.run(pack_argv(source, _members(package), str(target), newest_s, COMPRESS[package.type]))
    elif source.endswith(".tar"):
        system.run(("cp", "--reflink=auto", "--", source, str(target.with_suffix(""))))
        system.run((*COMPRESS[package.type].split(), "--", str(target.with_suffix(""))))
        system.run(("rm", "--force", "--", str(target.with_suffix(""))))  # zstd leaves it
    else:
        system.run(("cp", "--reflink=auto", "--", source, str(target)))
    system.run(("chmod", "0644", "--", str(target)))


def _members(package: PackageInput) -> tuple[str, ...]:
    """Return what to pack: without `.` for `/`, else a private build directory would make the target's root private."""
    if package.destination != "/":
        return (".",)
    return tuple(f"./{name}" for name in sorted(os.listdir(package.path)))


def pack_argv(directory: str, members: tuple[str, ...], target: str, newest_s: int | None, compress: str) -> Argv:
    """Return the tar command that packs a directory so that the same content gives the same bytes (tar(1))."""
    clamp = () if newest_s is None else ("--clamp-mtime", f"--mtime=@{newest_s}")
    return (
        "tar", "--create", "--file", target, "--use-compress-program", compress,
        *REPRODUCIBLE, *METADATA, *clamp, "--directory", directory, "--", *members,
    )  # fmt: skip


def _measure(path: Path) -> tuple[int, str, str]:
    """Return size, MD5 and SHA-256 of a file."""
    md5, sha256, size_bytes = hashlib.md5(usedforsecurity=False), hashlib.sha256(), 0
    with open(path, "rb") as stream:
        while chunk := stream.read(CHUNK_BYTES):
            md5.update(chunk)
            sha256.update(chunk)
            size_bytes += len(chunk)
    return size_bytes, md5.hexdigest(), sha256.hexdigest()


def _save(system: System, path: str, text: str) -> None:
    with system.scratch_file(os.path.basename(path), text) as scratch:
        system.run(("install", "--mode=0644", "--", scratch, path))


def _publish(system: System, staging: Path, output: Path, stale: tuple[str, ...]) -> None:
    """Move everything into place; without XS-REPOSITORY the directory is not a repository in between."""
    new = sorted(set(os.listdir(staging)) - {PACKAGES_FILE, REPOSITORY_FILE})
    system.run(("rm", "--force", "--", str(output / REPOSITORY_FILE)))
    for name in (*new, PACKAGES_FILE, REPOSITORY_FILE):
        if name == PACKAGES_FILE:
            leftovers = [str(output / old) for old in sorted(set(stale) - set(new))]
            system.run(("rm", "--force", "--", *leftovers)) if leftovers else None
        system.run(("mv", "--force", "--", str(staging / name), str(output / name)))
