"""Steps that run the user's own scripts."""

from __future__ import annotations

from dataclasses import dataclass, field

from backend.session import Session
from installer.model.errors import CommandFailed, MissingTool
from installer.model.plan import Step


@dataclass(frozen=True)
class RunPostInstallScript(Step[Session]):
    """Run the post-install script, fetched beforehand, with the target's path as its only argument (G C.2).

    A non-zero exit status is said and does not stop the installation, as the host is complete without the script,
    unless `abort` asks for it.
    """

    source: str
    content: bytes = field(repr=False)
    abort: bool = False

    @property
    def title(self) -> str:
        return f"run the post-install script from {self.source}"

    def run(self, session: Session) -> None:
        system = session.system
        with system.scratch_file("post-install-script", self.content, mode=0o700) as path:
            try:
                system.run((path, session.target))
            except CommandFailed as error:
                if self.abort:
                    raise
                last = f": {error.output[-1]}" if error.output else ""
                session.warn(f"the post-install script ended with exit status {error.exit_status}{last}")
            except MissingTool:
                if self.abort:
                    raise
                session.warn("the post-install script was not run: its interpreter is not on this machine")
