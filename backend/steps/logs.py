"""The step that leaves the installation's logs on the installed host."""

from __future__ import annotations

from dataclasses import dataclass

from backend.session import Session
from installer.model.plan import Step

LOG_DIRECTORY = "/var/log/installer"
LOG_FILE = f"{LOG_DIRECTORY}/install.log"


@dataclass(frozen=True)
class CopyLog(Step[Session]):
    """Copy the log as it is so far, and those of the installation image's init; secrets never enter them."""

    @property
    def title(self) -> str:
        return f"copy the log to {LOG_FILE}"

    def run(self, session: Session) -> None:
        for name, text in session.other_logs():
            session.system.write_text(f"{LOG_DIRECTORY}/{name}", text, mode=0o600)
        session.system.write_text(LOG_FILE, session.log_lines().decode(), mode=0o600)
