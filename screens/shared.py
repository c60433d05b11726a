"""The console on which a session is seen now, where several share it (initrd/init/share-consoles)."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

STATE = "INSTALLER_CONSOLE"  # names the file with the console's name and TERM


def shown_on(environment: Mapping[str, str], tty_name: str) -> tuple[Mapping[str, str], str]:
    """Return the environment and the terminal's name that count: those of the console that shows the session now."""
    path = environment.get(STATE)
    if not path:
        return environment, tty_name
    try:
        name, term = Path(path).read_text(encoding="ascii").split()
    except (OSError, ValueError):
        return environment, tty_name
    return {**environment, "TERM": term}, name
