"""Driver disks to test with: of real modules of the payload's kernel, or of what only looks like modules."""

from __future__ import annotations

import hashlib
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.needs import needs

EXTRA = "/lib/modules/${KERNEL_VERSION}/extra"
TYPES = {".ko": "driver", ".bin": "firmware", ".bz2": "tbz2"}


def write_driver_disk(directory: Path, files: Mapping[str, bytes], *, repository: str = "acme:drivers") -> Path:
    """Write a driver disk whose packages are these files, in order; their endings say what they are."""
    directory.mkdir(parents=True, exist_ok=True)
    lines: list[str] = []
    for name, data in files.items():
        kind = TYPES[Path(name).suffix]
        rest = {"driver": f"{name} {EXTRA}/{name}", "firmware": name, "tbz2": f"required {name} /"}[kind]
        directory.joinpath(name).write_bytes(data)
        lines.append(f"{name.replace('.', '-')} {len(data)} {hashlib.md5(data).hexdigest()} {kind} {rest}\n")
    directory.joinpath("XS-PACKAGES").write_text("".join(lines), encoding="ascii")
    directory.joinpath("XS-REPOSITORY").write_text(f"{repository}\nDrivers\nXenServer\n4.0.1-1\n", encoding="ascii")
    return directory


def kernel_modules(payload: Path, names: Sequence[str]) -> dict[str, bytes]:
    """Return real modules of the payload's kernel, which that of the boot image is too, by file name."""
    needs("zstd")
    found: dict[str, bytes] = {}
    for name in names:
        (path,) = payload.glob(f"kernel/lib/modules/*/kernel/**/{name}.ko.zst")
        found[f"{name}.ko"] = subprocess.run(["zstd", "-dc", str(path)], capture_output=True, check=True).stdout
    return found
