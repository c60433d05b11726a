"""Runs the installer as a user does: the installed command, in a process of its own."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

INSTALLER = Path(sys.prefix, "bin", "installer")
PASSWORD = "marked-secret-root"


@dataclass(frozen=True)
class Outcome:
    """Exit code and both streams of one run."""

    code: int
    out: str
    err: str

    @property
    def text(self) -> str:
        """Both streams."""
        return self.out + self.err


def installer(*arguments: str, cwd: Path, timeout_s: float = 300) -> Outcome:
    """Run `installer` with these arguments in a directory."""
    result = subprocess.run(
        [str(INSTALLER), *arguments], cwd=cwd, capture_output=True, text=True, check=False, timeout=timeout_s
    )
    return Outcome(result.returncode, result.stdout, result.stderr)


def answerfile(url: str, **replaced: str) -> str:
    """Return an answerfile; elements are replaced by keyword (underscores for hyphens), "" leaves one out."""
    elements = {
        "primary-disk": "<primary-disk>sda</primary-disk>",
        "keymap": "<keymap>us</keymap>",
        "root-password": f"<root-password>{PASSWORD}</root-password>",
        "source": f'<source type="url">{url}</source>',
        "admin-interface": '<admin-interface name="eth0" proto="dhcp"/>',
        "timezone": "<timezone>Europe/London</timezone>",
        "more": "",
    }
    elements |= {name.replace("_", "-"): text for name, text in replaced.items()}
    return "<installation>\n" + "\n".join(text for text in elements.values() if text) + "\n</installation>\n"
