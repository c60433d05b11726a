"""The inventory: who this host is, for its tools and for the next installer."""

from __future__ import annotations

from dataclasses import dataclass

from backend.session import Session
from backend.steps.bootloader import read_boot_files
from installer.model.plan import Step

INVENTORY_FILE = "/etc/xensource-inventory"


@dataclass(frozen=True)
class WriteInventory(Step[Session]):
    """Write KEY='value' lines; the kernel's version is read from the unpacked target."""

    entries: tuple[tuple[str, str], ...]

    @property
    def title(self) -> str:
        return f"write {INVENTORY_FILE}"

    def run(self, session: Session) -> None:
        version = read_boot_files(session.system).kernel_version
        session.system.write_text(INVENTORY_FILE, inventory_text((*self.entries, ("KERNEL_VERSION", version))))

    def describe(self) -> tuple[str, ...]:
        return (self.title, *(f"| {line}" for line in inventory_text(self.entries).splitlines()))


def inventory_text(entries: tuple[tuple[str, str], ...]) -> str:
    """Return the file's text; a quote in a value is written so that a shell reads it back."""
    return "".join(
        f"{key}='{value.replace(chr(39), chr(39) + chr(92) + chr(39) + chr(39))}'\n" for key, value in entries
    )
