"""The keyboard of the control domain's console."""

from __future__ import annotations

from backend.steps.files import WriteFile


def keyboard_file(keymap: str) -> WriteFile:
    """Return the file that names the console keymap."""
    return WriteFile("/etc/sysconfig/keyboard", f"KEYBOARDTYPE=pc\nKEYTABLE={keymap}\n")
