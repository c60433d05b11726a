"""The firmware's boot entry of a UEFI machine: a convenience beside the loader's removable path, never a failure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from backend.boot_entries import first_in_order, parse_boot_entries, replaced_entries
from backend.session import Session
from backend.steps.esp import OWN_DIRECTORY, REMOVABLE_LOADER
from installer.model.errors import DeviceError, InstallerError
from installer.model.plan import Step

LABEL = "XenServer"
DIRECTORY = OWN_DIRECTORY.replace("/", "\\") + "\\"
PARTUUIDS = ("lsblk", "--noheadings", "--list", "--output", "PARTUUID")
TIMEOUT_S = 60.0  # a firmware may be slow to write; one that hangs must not hold up an installed host


@dataclass(frozen=True)
class MakeBootEntry(Step[Session]):
    """Have the firmware start this disk first and next; entries of ours that lead nowhere any more are replaced.

    Without `esp_uuid` that of the partition which is there is taken.
    """

    needs: ClassVar[tuple[str, ...]] = ("efibootmgr", "lsblk")
    disk: str
    number: int
    esp_uuid: str
    loader: str

    @property
    def title(self) -> str:
        return f"make the firmware's boot entry {LABEL} for {self.disk}"

    def run(self, session: Session) -> None:
        try:
            self._replace(session)
        except InstallerError as error:
            session.warn(
                f"the firmware took no boot entry: {error}. It should start {REMOVABLE_LOADER} of the disk by itself; "
                f"if it does not, choose the disk in its boot menu"
            )

    def _uuid(self, session: Session) -> str:
        """Return the UUID of the ESP: the planned one, or that of an ESP which was there already."""
        if self.esp_uuid:
            return self.esp_uuid
        node = session.node(f"{self.disk}:{self.number}")
        lines = session.system.run((*PARTUUIDS, node), timeout_s=TIMEOUT_S)
        return lines[0].strip().lower() if lines else ""

    def _replace(self, session: Session) -> None:
        system = session.system
        entries = parse_boot_entries(system.run(("efibootmgr", "--verbose"), timeout_s=TIMEOUT_S))
        present = system.run(PARTUUIDS, timeout_s=TIMEOUT_S)
        for number in replaced_entries(entries, DIRECTORY, self._uuid(session), [uuid.strip() for uuid in present]):
            system.run(("efibootmgr", "--quiet", "--bootnum", number, "--delete-bootnum"), timeout_s=TIMEOUT_S)
        place = ("--disk", session.device(self.disk), "--part", str(self.number))
        made = system.run(
            ("efibootmgr", "--create", *place, "--label", LABEL, "--loader", self.loader.replace("/", "\\")),
            timeout_s=TIMEOUT_S,
        )
        number = first_in_order(made)
        if not number:
            raise DeviceError("efibootmgr does not tell the number of the new boot entry")
        # once by name: the next start is the host's also where the firmware puts the network first again
        system.run(("efibootmgr", "--quiet", "--bootnext", number), timeout_s=TIMEOUT_S)
