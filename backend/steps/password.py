"""The step that sets the root password."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from backend.session import Session
from installer.model.answers import PasswordKind, RootPassword
from installer.model.plan import Step
from installer.model.secret import Secret


@dataclass(frozen=True)
class SetRootPassword(Step[Session]):
    """Hand the password to chpasswd(8) on its standard input; it changes root before it opens any file."""

    needs: ClassVar[tuple[str, ...]] = ("chpasswd",)
    password: RootPassword

    @property
    def title(self) -> str:
        return "set the root password"

    def run(self, session: Session) -> None:
        form = ("--encrypted",) if self.password.kind is PasswordKind.HASH else ("--crypt-method", "SHA512")
        line = Secret(f"root:{self.password.text.reveal()}\n")
        session.system.run(("chpasswd", *form, "--root", session.target), stdin=line)
