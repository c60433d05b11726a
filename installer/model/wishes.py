"""What an answerfile may wish for beyond disks, network and password: mode, storage, time, scripts, access."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from installer.model.source import Location


class Mode(StrEnum):
    """What becomes of the machine (spec R35)."""

    FRESH = "fresh"
    REINSTALL = "reinstall"
    UPGRADE = "upgrade"
    RESTORE = "restore"


class StorageType(StrEnum):
    """What the local storage repository is made of (spec R51)."""

    LVM = "lvm"
    EXT = "ext"


class TimeMethod(StrEnum):
    """Where the time comes from: servers (given, or by DHCP), or nobody but the hardware clock."""

    NTP = "ntp"
    MANUAL = "manual"


@dataclass(frozen=True)
class Existing:
    """The installation that is there already: its disk, whether it is backed up first, or the backup's disk."""

    disk: str | None = None
    backup: bool = True
    backup_disk: str | None = None


class Stage(StrEnum):
    """When a script is run: before the first change, with all files in place, at the very end, or after a failure."""

    INSTALLATION_START = "installation-start"
    FILESYSTEM_POPULATED = "filesystem-populated"
    INSTALLATION_COMPLETE = "installation-complete"
    INSTALL_FAILED = "install-failed"

    @property
    def script(self) -> str:
        """What a script of the stage is called."""
        return "post-install script" if self is Stage.FILESYSTEM_POPULATED else f"{self} script"

    @property
    def file_name(self) -> str:
        """The name of its file at the root of the installation medium (spec R30)."""
        return self.script.replace(" ", "-")


class OnFailure(StrEnum):
    """What a script's failure does to the installation."""

    CONTINUE = "continue"
    ABORT = "abort"


@dataclass(frozen=True)
class Script:
    """A program of the user's, run at a stage."""

    stage: Stage
    location: Location
    on_failure: OnFailure = OnFailure.CONTINUE


@dataclass(frozen=True)
class Access:
    """Who may log in over the network: root's keys, and whether there is an ssh server (None: as the packages do)."""

    ssh_keys: tuple[str, ...] = ()
    ssh: bool | None = None


@dataclass(frozen=True)
class Trust:
    """Certificates for https sources and keys for signed repositories, and where the result is reported."""

    ca_certificates: tuple[Location, ...] = ()
    repository_keys: tuple[Location, ...] = ()
    report: Location | None = None


NO_ACCESS = Access()
NO_TRUST = Trust()
