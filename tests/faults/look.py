"""A disk looked at from outside after a run: what a firmware would find on it, and every file, all of it only read."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

from backend.probe.phrases import UNFINISHED_LABEL
from backend.steps.esp import ESP_TYPE
from tests.end_to_end.disk_image import SECTOR_BYTES, PartitionOnImage, boot_code, fingerprint
from tests.end_to_end.over_host import part_sha256
from tests.seen import seen

# the log tells of each run, and a password's salt is new each time
EVER_NEW = ("var/log/installer/install.log", "etc/shadow", "etc/shadow-", "boot/grub/grubenv")
BESIDE = ("lost+found",)
Files = dict[str, tuple[object, ...]]


@dataclass(frozen=True)
class Look:
    """What is on a disk. `loader`: what starts it, to be compared; `guests`: the hash of the third partition."""

    blank: bool
    sha256: str
    table: str = ""
    loader: bytes = b""
    label: str = ""
    guests: str = ""
    root: Files | None = None
    backup: Files | None = None

    @property
    def boots(self) -> bool:
        """Say whether there is all that starts a host."""
        files = self.root or {}
        there = all(name in files for name in ("boot/grub/grub.cfg", "boot/xen.gz", "etc/fstab"))
        return bool(self.loader) and self.label not in ("", UNFINISHED_LABEL) and there


def _run(*argv: str) -> str:
    return subprocess.run(argv, capture_output=True, text=True, check=False).stdout


def look(image: Path) -> Look:
    """Look at an image; one that is not there is blank."""
    if not image.exists():
        return Look(blank=True, sha256="")
    found = fingerprint(image)
    shown = _run("sfdisk", "--json", str(image))
    if not shown:
        return Look(blank=_is_blank(image), sha256=found.sha256)
    rows = json.loads(shown)["partitiontable"].get("partitions", [])
    parts = {}
    for row in rows:
        number = int(row["node"].removeprefix(str(image)).lstrip("p"))
        parts[number] = PartitionOnImage(number, row["start"] * 512, row["size"] * 512)
    esp = next((row["start"] * 512 for row in rows if row.get("type", "").lower() == ESP_TYPE.lower()), None)
    first = min((part.start_bytes for part in parts.values()), default=SECTOR_BYTES)
    root, backup = parts.get(1), parts.get(2)
    return Look(
        blank=False,
        sha256=found.sha256,
        table=_run("sfdisk", "--dump", str(image)),
        loader=_boot_code(image, first) if esp is None else _on_esp(image, esp),
        label=_label(image, root.start_bytes) if root else "",
        guests=part_sha256(image, parts[3]) if 3 in parts else "",
        root=_files(image, root) if root else None,
        backup=_files(image, backup) if backup else None,
    )


def _is_blank(image: Path) -> bool:
    with image.open("rb") as stream:
        head = stream.read(2**20)
    return not any(head)


def _boot_code(image: Path, end_bytes: int) -> bytes:
    """Return the boot code of GRUB, with the hash of what lies between it and the first partition; else nothing."""
    code = boot_code(image)
    with image.open("rb") as stream:
        stream.seek(SECTOR_BYTES)
        core = stream.read(end_bytes - SECTOR_BYTES)
    return code + hashlib.sha256(core).digest() if code[:2] == b"\xeb\x63" else b""


def _on_esp(image: Path, start_bytes: int) -> bytes:
    """Return the loaders on an ESP that a firmware starts, and what is in them."""
    esp = f"{image}@@{start_bytes}"
    names = _run("mdir", "-/", "-b", "-i", esp, "::/").splitlines()
    found = b""
    for name in sorted(name for name in names if name.upper().endswith("BOOTX64.EFI")):
        content = subprocess.run(["mtype", "-i", esp, name], capture_output=True, check=False).stdout
        found += name.encode() + hashlib.sha256(content).digest()
    return found


def _label(image: Path, start_bytes: int) -> str:
    return _run("blkid", "-p", "-O", str(start_bytes), "-o", "value", "-s", "LABEL", str(image)).strip()


def _files(image: Path, part: PartitionOnImage) -> Files | None:
    """Return every file of an ext file system, None when there is none or it cannot be mounted."""
    if not _run("blkid", "-p", "-O", str(part.start_bytes), "-o", "value", "-s", "TYPE", str(image)).startswith("ext"):
        return None
    found: Files = {}
    try:
        with seen(image, part.start_bytes, part.size_bytes) as root:
            for path in sorted(root.rglob("*")):
                name = str(path.relative_to(root))
                if name.split("/")[0] not in BESIDE:
                    found[name] = _entry(path, name)
    except (subprocess.CalledProcessError, OSError):  # what was broken off while it was made
        return None
    return found


def _entry(path: Path, name: str) -> tuple[object, ...]:
    status = path.lstat()
    content = os.readlink(path) if path.is_symlink() else ""
    if path.is_file() and not path.is_symlink() and name not in EVER_NEW:
        try:
            content = hashlib.sha256(path.read_bytes()).hexdigest()
        except OSError as error:
            content = f"cannot be read: {error.strerror}"
    return status.st_mode, status.st_uid, status.st_gid, content


def different(files: Files | None, others: Files | None, *, leave_out: tuple[str, ...] = ()) -> list[str]:
    """Return the paths that are not the same in two trees."""
    one, two = files or {}, others or {}
    return [
        name
        for name in sorted(one.keys() | two.keys())
        if one.get(name) != two.get(name) and not name.startswith(leave_out or ("\0",))
    ]
