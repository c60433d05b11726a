"""Runs plans on the recording double with sources held in memory."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from backend.execute import InstallPlan, execute
from backend.recording import RecordingSystem
from backend.session import Session
from backend.sources.transport import BRIEF, Patience, Transport
from installer.model.errors import InstallerError
from installer.model.events import Event, Warned
from installer.model.source import Location
from tests.backend.sample import DATA, SOURCE, VARIANTS, ZSTD_DATA


class MemorySource(Transport):
    """Every file has the same bytes, those of zstd tarballs begin as such."""

    @property
    def location(self) -> Location:
        return SOURCE

    def at(self, directory: str) -> Transport:
        return self

    def shown_file(self, name: str) -> str:
        return f"memory/{name}"

    def read_file(self, name: str, limit_bytes: int) -> bytes:
        return DATA

    def size(self, name: str, limit_bytes: int) -> int:
        return len(DATA)

    @contextmanager
    def open(self, name: str, start_byte: int = 0, patience: Patience = BRIEF) -> Iterator[Iterator[bytes]]:
        data = ZSTD_DATA if name.endswith(".zst") else DATA
        yield iter((data[start_byte:5], data[max(5, start_byte) :]))


def recording_session(system: RecordingSystem) -> Session:
    """Return a session on the double for any of the sample's plans."""
    devices = {disk.name: disk.path for inputs in VARIANTS.values() for disk in inputs.host.disks}
    return Session(
        system=system,
        devices=devices,
        fingerprints={},
        open_source=lambda location: MemorySource(),
        log_lines=lambda: b"log so far\n",
        warn=lambda message: None,
    )


def run_recorded(plan: InstallPlan, system: RecordingSystem) -> tuple[list[Event], InstallerError | None]:
    """Run a plan on the double; returns what was told, and the error that ended it."""
    events: list[Event] = []
    session = recording_session(system)
    session.warn = lambda message: events.append(Warned(message))
    try:
        execute(plan, session, events.append)
    except InstallerError as error:
        return events, error
    return events, None


def only_told(action: tuple[str, ...]) -> bool:
    """Say whether a failure of a change is a warning: scripts, the firmware's boot entry, a file that is no driver."""
    programs = ("efibootmgr", "modinfo")
    return bool(re.match("/scratch/.*-script", action[0])) or "PARTUUID" in action or any(p in action for p in programs)
