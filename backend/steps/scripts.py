"""Steps that run the user's own scripts."""

from __future__ import annotations

from dataclasses import dataclass, field

from backend.session import Session
from installer.model.errors import CommandFailed, MissingTool
from installer.model.plan import Step
from installer.model.wishes import Stage

AFTER_FAILURE_LIMIT_S = 600.0  # nobody may be there, and what the failed run holds waits to be released


@dataclass(frozen=True)
class RunScript(Step[Session]):
    """Run a script, fetched beforehand, with the target's path as its only argument where it is mounted (G C.2).

    A non-zero exit status is said and does not stop the installation, as the host is complete without the script,
    unless `abort` asks for it. Only a script for failed installations has a time limit.
    """

    stage: Stage
    source: str
    content: bytes = field(repr=False)
    abort: bool = False

    @property
    def title(self) -> str:
        return f"run the {self.stage.script} from {self.source}"

    def describe(self) -> tuple[str, ...]:
        """Say also what its failure does, where that is not what it does to most scripts."""
        return (self.title, "its failure ends the installation") if self.abort else (self.title,)

    def run(self, session: Session) -> None:
        system, name = session.system, self.stage.script
        limit_s = AFTER_FAILURE_LIMIT_S if self.stage is Stage.INSTALL_FAILED else None
        with system.scratch_file(self.stage.file_name, self.content, mode=0o700) as path:
            try:
                system.run((path, session.target) if session.target else (path,), timeout_s=limit_s)
            except CommandFailed as error:
                if self.abort:
                    error.hint = f'mend the {name}, or let the installation go on without it: on-failure="continue"'
                    raise
                last = f": {error.output[-1]}" if error.output else ""
                session.warn(f"the {name} {error.what.removeprefix(path).strip()}{last}")
            except MissingTool:
                if self.abort:
                    raise
                session.warn(f"the {name} was not run: its interpreter is not on this machine")
