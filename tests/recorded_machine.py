"""The machine for tests of screens: the live machine's own code over recorded facts, changing nothing.

What is chosen, checked, read, planned and run is real (the plan runs on RecordingSystem, with the packages of a real
repository); only what would touch this machine is written down in `done`, and sources are read in this process.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from importlib.resources import files
from pathlib import Path

from backend.installation import IN_THIS_PROCESS, Circumstances, Readers
from backend.log import LogFile
from backend.machine import LiveMachine
from backend.parts import Parts
from backend.recording import RecordingSystem
from backend.repository import find_repositories
from backend.verification import verify_packages
from installer.model.brand import check_repositories, parse_brand
from installer.model.errors import Cancelled
from installer.model.events import Event, PlanFinished, StepFinished
from installer.model.host import Host
from installer.model.ports import (
    TRIAL_TIMEOUT_S,
    Cancel,
    FaultyPackage,
    NetworkWish,
    PackageProgress,
    Trial,
)
from installer.model.source import Location, Repository
from installer.report import event_text, log_line
from tests.backend.sample import IDENTITIES

NOW = datetime(2026, 3, 4, 5, 6, 7)
BRAND = parse_brand(files("installer").joinpath("data/brand.ini").read_text(encoding="utf-8"))


def _log_event(log: LogFile, event: Event) -> None:
    """Log as installer/main.py does, at a time that stands still."""
    if isinstance(event, StepFinished | PlanFinished):
        event = replace(event, duration_s=0.0)
    if text := event_text(event):
        log.write(log_line(text, NOW))


class RecordedMachine(LiveMachine):
    """`fail_at` n makes the n-th change of an installation fail once; `other` is another installer's terminal."""

    def __init__(
        self,
        host: Host,
        *,
        media: Path | None = None,
        log_directory: Path | None = None,
        fail_at: int = 0,
        in_image: bool = False,
        dry_run: bool = False,
        other: str = "",
    ) -> None:
        self.host = host
        self.done: list[str] = []
        self.system = RecordingSystem(fail_at=fail_at)
        self.system.files["/etc/shadow"] = ""
        self._terminal = other
        log = LogFile(log_directory, lambda text: text)
        super().__init__(
            Parts(
                circumstances=Circumstances(
                    lambda _: self.host, BRAND, media=(media,) if media else None, plan_only=True
                ),
                open_system=self._system,
                log=log,
                log_event=lambda event: _log_event(log, event),
                hide=lambda draft: None,
                new_ids=lambda count: IDENTITIES,
                in_image=in_image,
                dry_run=dry_run,
            )
        )

    @contextmanager
    def _system(self) -> Iterator[RecordingSystem]:
        yield self.system

    def load_keymap(self, name: str) -> str:
        """Write it down."""
        self.done.append(f"keymap {name}")
        return ""

    def local_time(self, zone: str) -> datetime:
        """Return always the same."""
        return NOW

    def set_time(self, zone: str, local: datetime) -> str:
        """Write it down."""
        self.done.append(f"time {zone} {local.isoformat()}")
        return ""

    def bring_up_network(self, wish: NetworkWish, cancel: Cancel) -> str:
        """Write it down."""
        self.done.append(f"network {wish.interface.name} {wish.interface.protocol}")
        return ""

    def try_source(self, location: Location, cancel: Cancel, timeout_s: float = TRIAL_TIMEOUT_S) -> Trial:
        """Read it here and now; a cancel is looked for first."""
        if cancel.is_set():
            raise Cancelled("broken off by the user")
        found = find_repositories(location, self._parts.circumstances.media)
        return Trial(location, found, check_repositories(found, (), BRAND, accept_version=True))

    def _readers(self, cancel: Cancel) -> Readers:
        if cancel.is_set():
            raise Cancelled("broken off by the user")
        return IN_THIS_PROCESS

    def verify(
        self, repositories: Sequence[Repository], on_progress: Callable[[PackageProgress], None], cancel: Cancel
    ) -> tuple[FaultyPackage, ...]:
        """Read them here and now; a cancel is looked for at every step forward."""

        def hear(progress: PackageProgress) -> None:
            if cancel.is_set():
                raise Cancelled("broken off by the user")
            on_progress(progress)

        return verify_packages(repositories, hear)

    def shell(self) -> None:
        """Write it down."""
        self.done.append("shell")

    def other_console(self) -> str:
        """Return what was told."""
        return self._terminal

    def reboot(self) -> str:
        """Write it down."""
        self.done.append("reboot")
        return ""
