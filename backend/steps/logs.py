"""The step that leaves the installation's log on the installed host."""

from __future__ import annotations

from dataclasses import dataclass

from backend.session import Session
from installer.model.plan import Step

LOG_FILE = "/var/log/installer/install.log"


@dataclass(frozen=True)
class CopyLog(Step[Session]):
    """Copy the log as it is so far; secrets never enter it."""

    @property
    def title(self) -> str:
        return f"copy the log to {LOG_FILE}"

    def run(self, session: Session) -> None:
        session.system.write_text(LOG_FILE, session.log_lines().decode(), mode=0o600)
