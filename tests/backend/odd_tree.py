"""A tree with everything that a file system can hold of a host, made in a directory, to be copied and compared."""

from __future__ import annotations

import os
import socket
import stat
import struct
from pathlib import Path

MTIME_NS = 1_189_000_000_123_456_789
# struct posix_acl_xattr (linux/posix_acl_xattr.h): owner rwx, user 7 r-x, group r--, mask rwx, others none
ACL = struct.pack("<I", 2) + b"".join(
    struct.pack("<HHI", *entry)
    for entry in ((1, 7, 2**32 - 1), (2, 5, 7), (4, 4, 2**32 - 1), (16, 7, 2**32 - 1), (32, 0, 2**32 - 1))
)
CAPABILITY = struct.pack("<IIIII", 0x02000001, 1 << 13, 0, 0, 0)  # cap_net_raw+ep (linux/capability.h)
ODD_NAMES = ("with space", "new\nline", "-rf", "*", "\udcff\udcfe", "ü", "." * 3, "'", '"', "\\", "a" * 255)


def odd_tree(root: Path) -> None:
    """Fill a directory; needs root."""
    (root / "etc").mkdir()
    for number, name in enumerate(ODD_NAMES):
        path = root / "etc" / name
        path.write_bytes(os.urandom(number * 1000))
        os.chown(path, 1000 + number, 2000 + number)
        path.chmod(0o4751 if number % 2 else 0o600)
    (root / "etc/empty").mkdir(mode=0o1777)
    os.chown(root / "etc/empty", 12, 34)
    deep = root / "deep"
    for _ in range(60):
        deep /= "d"
    deep.mkdir(parents=True)
    (deep / "bottom").write_text("reached\n")
    _links(root)
    _nodes(root)
    with (root / "sparse").open("wb") as stream:
        stream.write(b"begin")
        stream.seek(8_000_000)
        stream.write(b"middle")
        stream.truncate(20_000_000)
    (root / "holes-only").touch()
    os.truncate(root / "holes-only", 5_000_000)
    (root / "zeros").write_bytes(bytes(2_000_000))  # a swap file must not get holes
    _attributes(root)
    _times(root)


def _links(root: Path) -> None:
    for name in ("one", "two", "etc/three"):
        if name == "one":
            (root / name).write_text("many names\n")
        else:
            os.link(root / "one", root / name)
    os.symlink("/etc", root / "absolute")
    os.symlink("../../../../../../..", root / "etc/up")
    os.symlink("nowhere", root / "dangling")
    os.lchown(root / "dangling", 5, 6)
    os.link(root / "dangling", root / "dangling-too", follow_symlinks=False)


def _nodes(root: Path) -> None:
    (root / "dev").mkdir()
    os.mknod(root / "dev/null", stat.S_IFCHR | 0o666, os.makedev(1, 3))
    os.mknod(root / "dev/sda1", stat.S_IFBLK | 0o660, os.makedev(8, 1))
    os.mkfifo(root / "dev/initctl", 0o600)
    os.chmod(root / "dev/null", 0o666)
    with socket.socket(socket.AF_UNIX) as server:
        here = os.getcwd()
        os.chdir(root / "dev")
        try:
            server.bind("log")
        finally:
            os.chdir(here)


def _attributes(root: Path) -> None:
    os.setxattr(root / "etc/with space", "user.comment", b"\x00binary\xff")
    os.setxattr(root / "etc/*", "security.capability", CAPABILITY)
    os.setxattr(root / "etc/*", "trusted.own", b"1")
    os.setxattr(root / "etc", "system.posix_acl_default", ACL)
    os.setxattr(root / "etc/ü", "system.posix_acl_access", ACL)
    os.setxattr(root / "dangling", "trusted.link", b"of the link", follow_symlinks=False)
    os.setxattr(root / "dev/null", "trusted.node", b"of the node")


def _times(root: Path) -> None:
    for number, path in enumerate(sorted(root.rglob("*"), reverse=True)):
        os.utime(path, ns=(MTIME_NS, MTIME_NS + number * 1_000_000_001), follow_symlinks=False)
