"""What a running step works with: the system, the chosen disks' devices, progress, and what must be released."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, field
from datetime import datetime

from backend.log import OtherLogs
from backend.probe.in_use import Fingerprint
from backend.sources.transport import Transport
from backend.system import System
from installer.model.source import Location

OpenSource = Callable[[Location], Transport]
LocalTime = Callable[[str, datetime], datetime | None]


def keep_clock(zone: str, proposed: datetime) -> datetime | None:
    """Answer for nobody: the clock stays as it is."""
    return None


@dataclass
class Session:
    """`devices` maps the names of the chosen disks to their device nodes; `stack` is released in reverse order.

    `local_time` asks a person for the time in a zone, given what the clock says; `own_clock`: the clock of this
    machine is that of the host being installed, and may be set. `other_logs` are further logs of this run, by name.
    `unfinished` is the partition marked as a control domain that is not complete, `unfinished_run` says whose it is.
    """

    system: System
    devices: dict[str, str]
    fingerprints: Mapping[str, Fingerprint]
    open_source: OpenSource
    log_lines: Callable[[], bytes]
    warn: Callable[[str], None]
    on_progress: Callable[[str, int, int], None] = lambda item, done_bytes, total_bytes: None
    stack: ExitStack = field(default_factory=ExitStack)
    target: str = ""
    held: dict[str, str] = field(default_factory=dict)
    releases: dict[str, ExitStack] = field(default_factory=dict)
    made: set[str] = field(default_factory=set)
    local_time: LocalTime = keep_clock
    own_clock: bool = False
    other_logs: Callable[[], OtherLogs] = lambda: ()
    unfinished: str = ""
    unfinished_run: str = ""

    def hold(self, name: str, acquire: Callable[[], AbstractContextManager[str | None]]) -> str:
        """Acquire something for the rest of the run; a step that is run again gets what it already holds."""
        if name not in self.held:
            self.releases[name] = own = ExitStack()
            self.stack.push(own)  # before there is anything in it: a signal may come as soon as it is acquired
            self.held[name] = own.enter_context(acquire()) or ""
        return self.held[name]

    def release(self, name: str) -> None:
        """Let go of something before the end of the run; nothing when it is not held."""
        if own := self.releases.pop(name, None):
            self.held.pop(name, None)  # not there when acquiring it was broken off
            own.close()

    def make_image(self, path: str, size_bytes: int) -> None:
        """Make an image file once: a step that is run again finds its own."""
        if path not in self.made:
            self.system.create_image(path, size_bytes)
            self.made.add(path)

    def device(self, disk: str) -> str:
        """Return the device node of a chosen disk."""
        return self.devices[disk]

    def node(self, partition: str) -> str:
        """Return the device node of a partition by its name in the plan, `sda:1`, or of a whole disk, `sdb`."""
        disk, mark, number = partition.partition(":")
        return self.system.partition_node(self.devices[disk], int(number)) if mark else self.devices[disk]

    def progress(self, item: str, done_bytes: int, total_bytes: int) -> None:
        """Tell how far the running step is."""
        self.on_progress(item, done_bytes, total_bytes)
