"""The interface through which everything that changes the machine goes; `real_system.py` does it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from backend.probe.in_use import Fingerprint
from backend.process import Argv
from backend.table import PartitionTable
from installer.model.secret import Secret


class Place(StrEnum):
    """Where a file system is mounted: as the target, or beside it what it replaces and what is kept of that."""

    TARGET = "target"
    OLD = "old host"
    BACKUP = "backup partition"


@dataclass(frozen=True)
class Room:
    """What a mounted file system has of everything, in bytes and in files."""

    used_bytes: int
    free_bytes: int
    used_files: int
    free_files: int


@dataclass(frozen=True)
class Root:
    """A directory of a mounted file system that is taken as a root of its own."""

    place: Place
    directory: str = "/"


OnBytes = Callable[[int], None]


class Sink(Protocol):
    """What a pipeline is fed through."""

    def write(self, data: bytes) -> None:
        """Hand on bytes; raises CommandFailed when the pipeline has died."""


class System(Protocol):
    """Everything the backend may do to the machine.

    Paths of files are absolute paths of the target, or of what is mounted in another place.
    """

    def run(
        self,
        argv: Argv,
        *,
        stdin: str | Secret = "",
        ok: Sequence[int] = (0,),
        timeout_s: float | None = None,
        why: str = "",
    ) -> tuple[str, ...]:
        """Run a program to its end and return its output lines (both streams)."""

    def pipe(
        self, *commands: Argv, cpu_s: int | None = None, memory_bytes: Sequence[int | None] = ()
    ) -> AbstractContextManager[Sink]:
        """Start programs, each reading what the one before writes; the first is fed through the Sink.

        One that takes more than `cpu_s` of processor time is ended; `memory_bytes` is what each gets of memory at most.
        """

    def in_target(self, *argv: str) -> Argv:
        """Return the argv that runs a tool of this machine with the target as its root directory."""

    def has_tool(self, name: str) -> bool:
        """Say whether a program can be run, or a file that it reads, named by its path, is there."""

    def write_partition_table(self, device: str, table: PartitionTable) -> None:
        """Replace the partition table of a whole disk and let the kernel know."""

    def partition_node(self, device: str, number: int) -> str:
        """Return the device node of a partition of a disk."""

    def fingerprint(self, device: str) -> Fingerprint:
        """Open a device exclusively, read what tells it from others, let go of it."""

    def zero(self, device: str, starts: Sequence[int]) -> None:
        """Overwrite one MiB at each of the starts (bytes), and the last one of the device."""

    def erase_boot_code(self, device: str) -> None:
        """Overwrite what a BIOS starts of a disk, and nothing of its partition table."""

    def create_image(self, path: str, size_bytes: int) -> None:
        """Make a sparse image file."""

    def note_attached(self, device: str, path: str) -> None:
        """Note down that this installer attached an image file, in case it is killed (`left_behind.py`)."""

    def note_detached(self, device: str) -> None:
        """Forget the note."""

    def is_left_behind(self, device: str, path: str) -> bool:
        """Say whether an installer that has ended left this image file attached to this loop device."""

    def locked(self, path: str) -> AbstractContextManager[None]:
        """Keep other installers off an image file or device."""

    def settle(self) -> None:
        """Wait until device nodes have come up."""

    def sync(self, *devices: str) -> None:
        """Have everything written on the disks; raises DeviceError when the file systems or these lost any of it."""

    def mounted(
        self, node: str, filesystem: str, place: Place = Place.TARGET, *, read_only: bool = False
    ) -> AbstractContextManager[str]:
        """Mount a file system; the file functions below work in it until the end. Gives its path."""

    def write_text(self, path: str, text: str | Secret, *, mode: int = 0o644, on: Place = Place.TARGET) -> None:
        """Put a file in place."""

    def write_zeros(self, path: str, size_bytes: int, on_bytes: Callable[[int], None], *, mode: int = 0o600) -> None:
        """Put a file of zeros without holes in place."""

    def write_stream(self, path: str, chunks: Iterable[bytes], *, mode: int = 0o644) -> None:
        """Put a file in place whose bytes come one chunk after the other; only a whole one takes its place."""

    def spooled(self, chunks: Iterable[bytes]) -> AbstractContextManager[Iterator[bytes]]:
        """Keep what comes on the target, in a file that has no name, until all has come; then give it again."""

    def link(self, path: str, points_to: str) -> None:
        """Put a symbolic link in place."""

    def import_files(self, sources: Sequence[str], directory: str) -> None:
        """Copy files of this machine into a directory of the target."""

    def read_text(self, path: str, *, on: Place = Place.TARGET) -> str:
        """Return a file's text."""

    def names(self, directory: str, *, on: Place = Place.TARGET) -> tuple[str, ...]:
        """Return the sorted names in a directory, none when it is not there."""

    def exists(self, path: str, *, on: Place = Place.TARGET) -> bool:
        """Say whether a path leads to something."""

    def room(self, place: Place) -> Room:
        """Return how full a mounted file system is."""

    def remove(self, path: str, *, on: Place) -> None:
        """Remove a file, or a directory with all below it; nothing when it is not there."""

    def clear(self, place: Place, keep: Sequence[str]) -> None:
        """Remove everything of a file system but the paths to keep, and what file systems and this installer need."""

    def carry_files(self, patterns: Sequence[str], source: Root, target: Root) -> tuple[str, ...]:
        """Copy single files with all their metadata to their own paths below another root; returns which were there.

        Patterns are absolute paths below the source, with `*` in the last part. A link is copied as what it leads to.
        """

    def copy_tree(self, source: Place, target: Place, leave_out: Sequence[str], on_bytes: OnBytes) -> None:
        """Copy all of a file system but some paths, with everything that can be known of a file."""

    def compare_trees(
        self, original: Place, copy: Place, leave_out: Sequence[str], on_bytes: OnBytes
    ) -> tuple[str, ...]:
        """Return the first paths that are not the same in two file systems, each with what differs."""

    def read_tree(self, place: Place, leave_out: Sequence[str], on_bytes: OnBytes) -> None:
        """Read every file of a file system, to see that it can be."""

    def scratch_file(self, name: str, text: str | bytes, *, mode: int = 0o600) -> AbstractContextManager[str]:
        """Make a file outside the target for as long as the context lasts; gives its path."""

    def scratch_directory(self) -> AbstractContextManager[str]:
        """Make a directory outside the target for as long as the context lasts; gives its path."""

    def keep(self, path: str, chunks: Iterable[bytes], *, mode: int = 0o600) -> None:
        """Put a file of this machine in place, outside the target: in the installation image, where that is memory."""

    def target_path(self, path: str) -> str:
        """Return where a path of the target is found from outside, with every link resolved inside the target."""

    def host_files(self, directory: str, *suffixes: str) -> tuple[str, ...]:
        """Return the sorted paths of the files of this machine in a directory that end in one of the suffixes."""
