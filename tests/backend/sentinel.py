"""A tree outside of the target, and everything by which a change of it would be seen."""

from __future__ import annotations

import os
from pathlib import Path

from tests.backend.tarballs import MTIME


def sentinel_tree(directory: Path) -> Path:
    """A tree outside the target that absolute links of the target name."""
    root = directory / "sentinel"
    (root / "etc/deep").mkdir(parents=True)
    for name in ("etc/localtime", "etc/passwd", "etc/deep/file"):
        (root / name).write_text(f"the machine's own {name}\n")
    for number, path in enumerate((root, *sorted(root.rglob("*"))), 1):
        path.chmod(0o755 if path.is_dir() else 0o640)
        os.chown(path, number, number)
        os.setxattr(path, "user.mark", str(number).encode())
        os.utime(path, (MTIME, MTIME + number))
    return root


def state(root: Path) -> list[tuple[object, ...]]:
    """Content, mode, owner, times and xattrs of everything in a tree."""
    found: list[tuple[object, ...]] = []
    for path in (root, *sorted(root.rglob("*"))):
        status = os.lstat(path)
        xattrs = {
            name: os.getxattr(path, name, follow_symlinks=False) for name in os.listxattr(path, follow_symlinks=False)
        }
        content = path.read_bytes() if path.is_file() and not path.is_symlink() else b""
        times = (status.st_mtime_ns, status.st_ctime_ns)
        found.append((str(path), status.st_mode, status.st_uid, status.st_gid, *times, content, xattrs))
    return found
