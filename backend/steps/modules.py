"""The step that makes added drivers known to the control domain's kernel."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from backend.session import Session
from backend.steps.bootloader import read_boot_files
from installer.model.plan import Step
from installer.model.units import MIB


@dataclass(frozen=True)
class IndexModules(Step[Session]):
    """Run this machine's depmod(8) in the target: without an index modprobe does not find the drivers."""

    needs: ClassVar[tuple[str, ...]] = ("chroot", "depmod")

    @property
    def weight(self) -> int:
        return 100 * MIB  # as long as unpacking a package of 12 MB

    @property
    def title(self) -> str:
        return "index the drivers of the control domain's kernel"

    def run(self, session: Session) -> None:
        system = session.system
        output = system.run(system.in_target("depmod", "--all", read_boot_files(system).kernel_version))
        for line in output:  # a file that is no driver is told and left out, with exit status 0
            if "ERROR" in line:
                session.warn(line)
