"""What screens may ask of the live machine: one protocol without a toolkit, and the plain data it gives.

Everything here may take long and belongs off the UI thread, except the properties. All methods raise InstallerError
with what is wrong, where and a hint; a call that was cancelled raises Cancelled. A method that does nothing where it
is asked (a dry run, a desk) says so in the text it returns; an empty text means that it was done.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from threading import Event as Cancel
from typing import Protocol

from installer.model.answers import AdminInterface, Draft
from installer.model.events import AfterFailure, Event, StepFailed
from installer.model.host import Host
from installer.model.plan import DiskSummary
from installer.model.problem import Problem
from installer.model.progress import PhaseOutline
from installer.model.source import Location, Package, Repository

__all__ = (
    "AfterFailure",
    "Cancel",
    "FaultyPackage",
    "Further",
    "Keymap",
    "Machine",
    "NetworkWish",
    "PackageProgress",
    "Preview",
    "RunListener",
    "Trial",
    "ZoneArea",
)

TRIAL_TIMEOUT_S = 60.0


@dataclass(frozen=True)
class Keymap:
    """A keymap of the console: `name` for the answers, `title` for people (the country or language)."""

    name: str
    title: str


@dataclass(frozen=True)
class ZoneArea:
    """An area of the time-zone database (`Europe`) and its cities as the TZ name has them (`London`).

    Zones without an area (`UTC`) are the cities of the area with the empty name.
    """

    name: str
    cities: tuple[str, ...]

    def zone(self, city: str) -> str:
        """Return the TZ name of a city of this area."""
        return f"{self.name}/{city}" if self.name else city


@dataclass(frozen=True)
class NetworkWish:
    """How the network is to be brought up; `interface.name` is a NIC of the host, None: its only one."""

    interface: AdminInterface
    nameservers: tuple[str, ...] = ()


@dataclass(frozen=True)
class Trial:
    """A source that was really tried: what lies there, and what is worth saying of it before it is used.

    `problems` with an error (another product, no xs:main) mean that it cannot be installed from; one with a warning
    (another version) is a question for a person.
    """

    location: Location
    repositories: tuple[Repository, ...]
    problems: tuple[Problem, ...] = ()

    @property
    def additional(self) -> tuple[Repository, ...]:
        """The repositories of the additional media (Linux pack) that lie beside the base: `packages.linux`."""
        return tuple(repository for repository in self.repositories if _is_additional(repository))

    def wanted(self, *, additional: bool) -> tuple[Repository, ...]:
        """Return what is installed from here: the additional media's repositories only when they are asked for."""
        return tuple(found for found in self.repositories if additional or not _is_additional(found))

    def sources(self, *, additional: bool) -> tuple[Location, ...]:
        """Return the sources for the Draft, which an answerfile then reproduces.

        The address itself when all that lies there is wanted; else each wanted repository by its own.
        """
        wanted = self.wanted(additional=additional)
        return (self.location,) if wanted == self.repositories else tuple(found.location for found in wanted)


def _is_additional(repository: Repository) -> bool:
    return repository.location.url.reveal().partition("?")[0].rstrip("/").endswith("/packages.linux")


@dataclass(frozen=True)
class Further:
    """What a further medium holds: repositories that can be added to the installed host, and those it has already."""

    repositories: tuple[Repository, ...]
    installed: tuple[Repository, ...] = ()
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True)
class PackageProgress:
    """How far verification is: the package being read (`number` of `count`), and bytes of it and of all."""

    repository: str
    package: str
    number: int
    count: int
    done_bytes: int
    total_bytes: int
    all_done_bytes: int
    all_total_bytes: int


@dataclass(frozen=True)
class FaultyPackage:
    """A package that differs from what XS-PACKAGES says; `what` is one sentence, `where` its address."""

    repository: str
    package: Package
    what: str
    where: str


@dataclass(frozen=True)
class Preview:
    """What would be done: shown on the confirm screen, and what `install` then does, and nothing else.

    `disks` say before and after of each disk to be destroyed; `not_blank` are the names of those with something on
    them; `untouched` the other disks of the machine; `lines` the whole plan for the plan key; `phases` for
    `installer.model.progress.Progress`; `problems` are warnings only. `product` is what becomes of the machine, with
    its version; `amount` how many packages and bytes that are. `dry_run`: there is nothing to confirm. `keeps` is the
    host that is installed over, empty in a fresh installation, and `kept` what becomes of its settings, line by line.
    `overwrites` is the partition that a backup is put back on, empty unless that is what is done: then `product` is the
    backup.
    """

    number: int
    disks: tuple[DiskSummary, ...]
    not_blank: tuple[str, ...]
    untouched: tuple[str, ...]
    packages: tuple[str, ...]
    lines: tuple[str, ...]
    phases: tuple[PhaseOutline, ...]
    notes: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()
    product: str = ""
    amount: str = ""
    dry_run: bool = False
    keeps: str = ""
    kept: tuple[str, ...] = ()
    overwrites: str = ""


class RunListener(Protocol):
    """Who hears of a run. All three are called on the thread that called `install`, and may block it."""

    def event(self, event: Event) -> None:
        """Hear what happens."""

    def failed(self, failure: StepFailed) -> AfterFailure:
        """Decide what becomes of a step that failed; its resources are still held."""

    def local_time(self, zone: str, proposed: datetime) -> datetime | None:
        """Ask for the local time of the zone (both times without tzinfo), None leaves the clock as it is."""


class Machine(Protocol):
    """The machine the installer runs on, or the recorded one it runs against."""

    @property
    def in_image(self) -> bool:
        """Whether this is the booted installation image: only there NICs, keymap and clock are touched."""

    @property
    def dry_run(self) -> bool:
        """Whether nothing is changed at all."""

    @property
    def log_path(self) -> str:
        """Where the log is written, empty when there is none (a dry run)."""

    def log_lines(self, count: int) -> tuple[str, ...]:
        """Return the last lines of the log."""

    def probe(self) -> Host:
        """Look at the machine again and return its facts, targets in place of their disks."""

    def keymaps(self) -> tuple[Keymap, ...]:
        """Return the keymaps that can be chosen, sorted by title."""

    def load_keymap(self, name: str) -> str:
        """Have the console use a keymap at once."""

    def zone_areas(self) -> tuple[ZoneArea, ...]:
        """Return the time zones by area, sorted; the area without a name comes last."""

    def local_time(self, zone: str) -> datetime:
        """Return the time in a zone now, without tzinfo."""

    def set_time(self, zone: str, local: datetime) -> str:
        """Set the system's clock and, as UTC, the hardware clock."""

    def bring_up_network(self, wish: NetworkWish, cancel: Cancel) -> str:
        """Have the network up as wished."""

    def try_source(self, location: Location, cancel: Cancel, timeout_s: float = TRIAL_TIMEOUT_S) -> Trial:
        """Read what repositories lie at an address; never longer than the timeout, and a cancel ends it at once."""

    def verify(
        self, repositories: Sequence[Repository], on_progress: Callable[[PackageProgress], None], cancel: Cancel
    ) -> tuple[FaultyPackage, ...]:
        """Read every package and return the faulty ones; `on_progress` hears of it on the calling thread."""

    def preview(self, draft: Draft, cancel: Cancel) -> Preview:
        """Check the draft against the machine and the sources and return the plan; one of a restore needs no source.

        Raises AnswersError with all that does not fit.
        """

    def install(self, preview: Preview, listener: RunListener) -> None:
        """Carry out the newest preview; raises the error that ended the run after everything was released."""

    def use_source_instead(self, location: Location, cancel: Cancel) -> str:
        """While `RunListener.failed` is asked: read the packages not installed yet from another address.

        Raises when other packages than the plan's lie there.
        """

    def eject_medium(self) -> str:
        """Unmount the installation medium and open the tray of its drive; the text says what is to be done by hand."""

    def look_at_medium(self, cancel: Cancel) -> Further:
        """After an installation: see what the medium now in the drive has for the host."""

    def preview_additional(self, further: Further) -> Preview:
        """Return the plan that adds what a further medium has; `install` carries it out like any other."""

    def save_logs(self, directory: str) -> str:
        """Copy the logs, without secrets, into a directory; returns the path of the archive."""

    def shell(self) -> None:
        """Run a shell on this terminal until it is left; the caller gives the terminal away and takes it back."""

    def other_console(self) -> str:
        """Return the terminal on which an installer runs already, empty when there is none."""

    def reboot(self) -> str:
        """Restart the machine."""
