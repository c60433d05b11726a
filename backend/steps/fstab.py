"""The table of file systems of the control domain."""

from __future__ import annotations

from backend.steps.files import WriteFile
from backend.steps.filesystem import SWAP_FILE


def fstab_file(root_label: str) -> WriteFile:
    """Return fstab(5) with the root file system by label and the swap file."""
    return WriteFile(
        "/etc/fstab", f"LABEL={root_label}  /  ext3  defaults  1 1\n{SWAP_FILE}  swap  swap  defaults  0 0\n"
    )
