"""A corpus of packages that no repository should have: archives made header by header, as a hostile packer would."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass

from tests.backend.tarballs import MTIME

BLOCK = tarfile.BLOCKSIZE
GIB = 2**30


@dataclass(frozen=True)
class Hostile:
    """An archive, and words of the message that refuses it; none where it is unpacked, harmlessly."""

    archive: bytes
    refused: str = ""
    may_fail: bool = False


def entry(name: str, kind: bytes = tarfile.REGTYPE, data: bytes = b"", **fields: str | int) -> bytes:
    """Return a header with its data; fields are those of tarfile.TarInfo."""
    info = tarfile.TarInfo(name)
    info.type, info.size, info.mtime, info.mode = kind, len(data), MTIME, 0o644
    for field, value in fields.items():
        setattr(info, field, value)
    head = info.tobuf(tarfile.PAX_FORMAT, "utf-8", "surrogateescape")
    return head + data + bytes(-len(data) % BLOCK)


def extended_headers(size_bytes: int) -> bytes:
    """Return the header of extended headers that are as large as they say, without them."""
    info = tarfile.TarInfo("pax")
    info.type, info.size = tarfile.XHDTYPE, size_bytes
    return info.tobuf(tarfile.USTAR_FORMAT)


def _sparse(name: str, size_bytes: int) -> bytes:
    """Return a sparse file of the old GNU kind (tar manual, "Sparse Formats"): all hole, and no data."""
    info = tarfile.TarInfo(name)
    info.type, info.size, info.mode = tarfile.GNUTYPE_SPARSE, 0, 0o644
    head = bytearray(info.tobuf(tarfile.GNU_FORMAT))
    head[386:398] = b"%011o " % 0  # one stretch: at byte 0 there are 0 bytes
    head[398:410] = b"%011o " % 0
    real = size_bytes.to_bytes(12, "big")
    head[483:495] = bytes([real[0] | 0x80]) + real[1:]
    head[148:156] = b" " * 8
    head[148:156] = b"%06o\0 " % sum(head)
    return bytes(head)


def _deep(levels: int) -> Iterator[bytes]:
    name = ""
    for _ in range(levels):
        name += "d" * 40 + "/"
        yield entry(name, tarfile.DIRTYPE, mode=0o755)
    yield entry(f"{name}file", data=b"deep")


def many(count: int) -> bytes:
    """Return an archive of empty files, 1,000 to a directory."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for number in range(count):
            archive.addfile(tarfile.TarInfo(f"many/{number // 1000}/{number}"))
    return stream.getvalue()


def corpus(outside: str, device: tuple[int, int]) -> dict[str, Hostile]:
    """Return the archives; `outside` is a directory of this machine that none may reach, `device` a disk of it."""
    secret, up = f"{outside}/etc/passwd", "../" * 40
    major, minor = device
    word = b"attacked"

    def node(name: str, kind: bytes, mode: int = 0o666) -> bytes:
        return entry(name, kind, devmajor=major, devminor=minor, mode=mode)

    def link(name: str, points_to: str) -> bytes:
        return entry(name, tarfile.SYMTYPE, linkname=points_to)

    def hard(name: str, points_to: str) -> bytes:
        return entry(name, tarfile.LNKTYPE, linkname=points_to)

    def file(name: str, mode: int = 0o644) -> bytes:
        return entry(name, data=word, mode=mode)

    archives = {
        "climbs out": Hostile(file(f"{up}{secret[1:]}"), "'..'"),
        "climbs out in the middle": Hostile(file(f"a/{up}{secret[1:]}"), "'..'"),
        "absolute name": Hostile(file(secret)),
        "absolute name with a climb": Hostile(file(f"/..{secret}"), "'..'"),
        "link, then a file in its place": Hostile(link("a", secret) + file("a")),
        "link to a directory, then a file": Hostile(link("a", f"{outside}/etc") + file("a/passwd"), may_fail=True),
        "climbing link, then a file": Hostile(link("a", f"{up}{outside[1:]}") + file("a/etc/passwd"), may_fail=True),
        "chain of links": Hostile(link("a", "b") + link("b", f"{outside}/etc") + file("a/passwd"), may_fail=True),
        "link, then a directory in its place": Hostile(
            link("a", outside) + entry("a/", tarfile.DIRTYPE, mode=0o777, uid=99) + file("a/etc/passwd"), may_fail=True
        ),
        "link to /proc's root": Hostile(link("a", f"/proc/1/root{outside}") + file("a/etc/passwd"), may_fail=True),
        "hard link to outside": Hostile(hard("a", secret) + file("a"), "Cannot hard link"),
        "climbing hard link": Hostile(hard("a", f"{up}{secret[1:]}") + file("a"), "Cannot hard link", may_fail=True),
        "hard link through a link": Hostile(link("a", outside) + hard("b", "a/etc/passwd") + file("b"), "Cannot"),
        "block device, then a file in its place": Hostile(node("disk", tarfile.BLKTYPE) + file("disk")),
        "character device": Hostile(entry("mem", tarfile.CHRTYPE, devmajor=1, devminor=1, mode=0o666)),
        "device and a hard link to it": Hostile(node("disk", tarfile.BLKTYPE) + hard("same", "disk") + file("same")),
        "set-uid and set-gid": Hostile(file("bin/su", mode=0o6755)),
        "set-uid, absolute": Hostile(file(f"{outside}/etc/su", mode=0o6755)),
        "pipe, then a file in its place": Hostile(entry("pipe", tarfile.FIFOTYPE) + file("pipe")),
        "pipe, then a directory in its place": Hostile(
            entry("pipe", tarfile.FIFOTYPE) + entry("pipe/", tarfile.DIRTYPE) + file("pipe/x"), may_fail=True
        ),
        "deep paths": Hostile(b"".join(_deep(90))),
        "paths longer than any may be": Hostile(b"".join(_deep(120)), "File name too long"),
        "a name longer than any may be": Hostile(file("n" * 300), "File name too long"),
        "sparse file of 1 TiB": Hostile(_sparse("sparse", 2**40), may_fail=True),
        "sparse file of 8 EiB": Hostile(_sparse("sparse", 2**63 - 1), may_fail=True),
        "extended headers of 6 GiB": Hostile(extended_headers(6 * GIB) + bytes(BLOCK), "memory"),
        "extended headers of 8 EiB": Hostile(extended_headers(8 * 2**30 - 1) + bytes(BLOCK), "cannot be unpacked"),
        "names that are no UTF-8": Hostile(file("\udcff\udcfe\udce4") + file("a\nb\x1b[2J\x07")),
        "climbing name that is no UTF-8": Hostile(file("../\udcff\x1b[2J"), "'..'"),
        "the same file a thousand times": Hostile(file("same") * 1000),
        "file, directory, file": Hostile(file("x") + entry("x/", tarfile.DIRTYPE) + file("x"), may_fail=True),
        "an empty name": Hostile(file(""), may_fail=True),
        "a name that is all slashes": Hostile(file("///"), may_fail=True),
        "owner and mode of the root": Hostile(entry("./", tarfile.DIRTYPE, mode=0o777, uid=99)),
        "header of a size below zero": Hostile(_negative(), may_fail=True),
        "random bytes": Hostile(bytes(range(256)) * 40, "cannot be unpacked"),
    }  # fmt: skip
    return {name: Hostile(one.archive + bytes(2 * BLOCK), one.refused, one.may_fail) for name, one in archives.items()}


def _negative() -> bytes:
    head = bytearray(entry("negative", data=b""))
    head[124:136] = b"\xff" * 12  # base 256, two's complement
    head[148:156] = b" " * 8
    head[148:156] = b"%06o\0 " % sum(head[:BLOCK])
    return bytes(head)
