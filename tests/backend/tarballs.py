"""Packages for tests: tarballs made member by member, so that they may also be hostile."""

from __future__ import annotations

import bz2
import hashlib
import io
import subprocess
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass, field

from installer.model.source import Package, PackageType

MTIME = 1_000_000_000


@dataclass(frozen=True)
class Member:
    """One member: a file when it has `data`, a symbolic link with `link`, a hard link with `hard`, else a directory."""

    name: str
    data: bytes | None = None
    link: str = ""
    hard: str = ""
    mode: int = 0o755
    owner: int = 0
    xattrs: Mapping[str, str] = field(default_factory=dict)


def archive_of(*members: Member) -> bytes:
    """Return the bytes of a .tar with these members."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for member in members:
            info = tarfile.TarInfo(member.name)
            info.mode, info.mtime, info.uid, info.gid = member.mode, MTIME, member.owner, member.owner
            info.pax_headers = {f"SCHILY.xattr.{key}": value for key, value in member.xattrs.items()}
            info.type = tarfile.DIRTYPE
            if member.data is not None:
                info.type, info.size = tarfile.REGTYPE, len(member.data)
            elif member.link:
                info.type, info.linkname = tarfile.SYMTYPE, member.link
            elif member.hard:
                info.type, info.linkname = tarfile.LNKTYPE, member.hard
            archive.addfile(info, io.BytesIO(member.data or b""))
    return stream.getvalue()


def tarball(*members: Member) -> bytes:
    """Return the bytes of a .tar.bz2 with these members."""
    return bz2.compress(archive_of(*members))


def zstd(data: bytes, *options: str) -> bytes:
    """Return the data as the program zstd compresses them."""
    return subprocess.run(["zstd", "--quiet", *options], input=data, capture_output=True, check=True).stdout


def package(
    data: bytes, *, name: str = "dom0", destination: str = "/", kind: PackageType = PackageType.TBZ2
) -> Package:
    """Return what XS-PACKAGES would say of a tarball with these bytes."""
    md5 = hashlib.md5(data, usedforsecurity=False).hexdigest()
    ending = {PackageType.TBZ2: "bz2", PackageType.TZST: "zst"}[kind]
    return Package(name, len(data), md5, kind, f"{name}.tar.{ending}", destination)
