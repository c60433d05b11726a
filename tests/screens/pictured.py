"""The screens as the pictures show them: the program's own backend over a recorded machine, with a real repository.

Everything shown is what the program itself says, with these exceptions. A running installation is over before anybody
could look, so that its figures are those of `reach.VIEW`, with the phases of the real plan. The clock stands still, the
lists of keymaps and time zones are recorded, and the medium is said to be where the installation image has it, because
all these change with the machine that draws.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from pathlib import Path

from backend.installation import Readers
from backend.locale_data import read_keymaps
from backend.other_source import OtherSource
from backend.sources import open_location
from installer.model.ports import (
    TRIAL_TIMEOUT_S,
    Cancel,
    FaultyPackage,
    Keymap,
    PackageProgress,
    Trial,
    ZoneArea,
)
from installer.model.progress import PhaseState, PhaseView
from installer.model.secret import Secret
from installer.model.source import Location, Repository
from screens.progress import ProgressScreen
from tests.backend.small_repository import BOOT_FILES, ROOT_FILES, tarball, write_repository
from tests.recorded_machine import NOW, RecordedMachine
from tests.screens.reach import FAILED, IPV6, MACHINE_OF, REMOTE, ROAD, TITLES, VIEW, show_progress
from tests.screens.recorded_machine import host
from tests.screens.stage import Session, session

MEDIUM = "/run/medium"  # initrd/init/medium
IMAGE_LOG = "/install/tmp/install.log"
ZONES = Path(__file__).parent / "zones.txt"
BASE = "packages.main"
DAMAGED = "kernel.tar.bz2"
SEED, SYSTEM_BYTES = 1, 3_000_000


class PicturedMachine(RecordedMachine):
    """As in the installation image, whose programs are not run; `medium` is the directory that stands for it."""

    def __init__(self, name: str, medium: Path, log_directory: Path) -> None:
        super().__init__(host(name), media=medium, log_directory=log_directory, in_image=True)
        self._medium = str(medium)
        self._other = OtherSource(lambda location: open_location(self._real(location), (medium,)))

    def _real(self, location: Location) -> Location:
        return _moved(location, MEDIUM, self._medium)

    def _really(self, repository: Repository) -> Repository:
        return replace(repository, location=self._real(repository.location))

    def _as_shown(self, repository: Repository) -> Repository:
        return replace(repository, location=_moved(repository.location, self._medium, MEDIUM))

    def try_source(self, location: Location, cancel: Cancel, timeout_s: float = TRIAL_TIMEOUT_S) -> Trial:
        """Read the directory, and tell of the medium."""
        trial = super().try_source(self._real(location), cancel, timeout_s)
        return replace(trial, location=location, repositories=tuple(map(self._as_shown, trial.repositories)))

    def verify(
        self, repositories: Sequence[Repository], on_progress: Callable[[PackageProgress], None], cancel: Cancel
    ) -> tuple[FaultyPackage, ...]:
        """Read the packages in the directory."""
        return super().verify(tuple(map(self._really, repositories)), on_progress, cancel)

    def _readers(self, cancel: Cancel) -> Readers:
        real = super()._readers(cancel)
        return Readers(
            find=lambda location, media: tuple(map(self._as_shown, real.find(self._real(location), media))),
            check=lambda repositories: real.check(tuple(map(self._really, repositories))),
        )

    @property
    def log_path(self) -> str:
        """Where the image has its log."""
        return IMAGE_LOG

    def keymaps(self) -> tuple[Keymap, ...]:
        """Return those that every host has."""
        return read_keymaps(())

    def zone_areas(self) -> tuple[ZoneArea, ...]:
        """Return the recorded ones."""
        lines = (line.split() for line in ZONES.read_text(encoding="ascii").splitlines())
        return tuple(ZoneArea(area.removeprefix("-"), tuple(cities)) for area, *cities in lines)

    def eject_medium(self) -> str:
        """Write it down."""
        self.done.append("eject")
        return ""


def _moved(location: Location, old: str, new: str) -> Location:
    url = location.url.reveal()
    return replace(location, url=Secret(new + url.removeprefix(old))) if url.startswith(old) else location


def write_medium(directory: Path) -> Path:
    """Write what lies on the medium into a new directory."""
    system = {**ROOT_FILES, "usr/share/system": random.Random(SEED).randbytes(SYSTEM_BYTES)}
    packages = {
        "dom0fs": tarball(system, {"lib": "usr/lib"}),
        "kernel": tarball({**BOOT_FILES, "lib/modules/1.2.3/modules.dep": b""}),
    }
    base = write_repository(directory / BASE, packages)
    base.joinpath("XS-REPOSITORY").write_text("xs:main\nBase Pack\nXenServer\n4.0.1-1\n", encoding="ascii")
    return directory


@contextmanager
def drawn_at(name: str, medium: Path, logs: Path) -> Iterator[Session]:
    """Return a session that shows the screen of that name."""
    with session(PicturedMachine(MACHINE_OF.get(name, "many"), medium, logs / name)) as found:
        found.remote, found.ipv6, found.additional = name in REMOTE, name in IPV6, name == "additional"
        found.restores = name == "backup"
        found.drivers = name == "driver-disk"
        if name in ROAD:
            found.go_to(name)
        else:
            _install(found, name, medium / BASE / DAMAGED)
        yield found


def _install(found: Session, name: str, package: Path) -> None:
    if name == "set-time":
        found.go_to("ntp")
        found.press("down", "space", "f12")
    found.go_to("confirm")
    if name == "progress":
        _show_progress(found)
        return
    with _damaged(package) if name in FAILED else nullcontext():
        found.answer()
        found.wait_for(TITLES[name])
    if name == "other-source":
        found.press("right", "enter")
    if name == "set-time":
        for text in (f"{NOW:%Y-%m-%d}", f"{NOW:%H:%M}"):
            found.press("ctrl u")
            found.type(text)
            found.press("tab")
        found.focus("date")
        found.paint()


@contextmanager
def _damaged(package: Path) -> Iterator[None]:
    """Have a package damaged that was good when the plan was made."""
    good = package.read_bytes()
    package.write_bytes(bytes(len(good)))
    try:
        yield
    finally:
        package.write_bytes(good)


def _show_progress(found: Session) -> None:
    """Show how far an installation by the plan on the screen might be: the packages are being unpacked."""
    state, app = found.road.state, found.app
    assert state.preview
    known = {phase.title: phase for phase in VIEW.phases}
    phases = tuple(
        known.get(phase.title, PhaseView(phase.title, PhaseState.NEXT, 0, phase.steps))
        for phase in state.preview.phases
    )
    app.show(ProgressScreen(state, app.machine, app.say))
    show_progress(found, replace(VIEW, phases=phases))
