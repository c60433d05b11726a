"""The step that leaves the answerfile on the installed host that would make it again."""

from __future__ import annotations

from dataclasses import dataclass

from backend.session import Session
from installer.model.plan import Step
from installer.model.secret import Secret

ANSWERFILE = "/root/installer-answerfile.xml"  # spec R32
ANSWERFILE_MODE = 0o400


@dataclass(frozen=True)
class WriteAnswerfile(Step[Session]):
    """Write the answers for root's eyes only: the password's hash and credentials of sources stand in them."""

    text: Secret

    @property
    def title(self) -> str:
        return f"write the answers to {ANSWERFILE}"

    def run(self, session: Session) -> None:
        session.system.write_text(ANSWERFILE, self.text, mode=ANSWERFILE_MODE)
