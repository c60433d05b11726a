"""Steps that put plain files and links on the target."""

from __future__ import annotations

from dataclasses import dataclass

from backend.session import Session
from installer.model.plan import Step


@dataclass(frozen=True)
class WriteFile(Step[Session]):
    """Put a text file in place; `path` is absolute on the target."""

    path: str
    text: str
    mode: int = 0o644

    @property
    def weight(self) -> int:
        return 50_000

    @property
    def title(self) -> str:
        return f"write {self.path}"

    def run(self, session: Session) -> None:
        session.system.write_text(self.path, self.text, mode=self.mode)

    def describe(self) -> tuple[str, ...]:
        lines = self.text.splitlines()
        return (f"{self.path}   ({len(lines)} line{'' if len(lines) == 1 else 's'})", *(f"| {line}" for line in lines))


@dataclass(frozen=True)
class MakeLink(Step[Session]):
    """Put a symbolic link in place."""

    path: str
    points_to: str

    @property
    def weight(self) -> int:
        return 50_000

    @property
    def title(self) -> str:
        return f"link {self.path} to {self.points_to}"

    def run(self, session: Session) -> None:
        session.system.link(self.path, self.points_to)
