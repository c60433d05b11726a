"""The interface through which everything that changes the machine goes; `real_system.py` does it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Protocol

from backend.probe.in_use import Fingerprint
from backend.process import Argv
from backend.table import PartitionTable
from installer.model.secret import Secret


class Sink(Protocol):
    """What a pipeline is fed through."""

    def write(self, data: bytes) -> None:
        """Hand on bytes; raises CommandFailed when the pipeline has died."""


class System(Protocol):
    """Everything the backend may do to the machine. Paths of files are absolute paths of the target."""

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
        self, *commands: Argv, cpu_s: int | None = None, memory_bytes: int | None = None
    ) -> AbstractContextManager[Sink]:
        """Start programs, each reading what the one before writes; the first is fed through the Sink.

        One that takes more than `cpu_s` of processor time is ended; none gets more than `memory_bytes` of memory.
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

    def sync(self) -> None:
        """Have everything written on the disks."""

    def mounted(self, node: str, filesystem: str) -> AbstractContextManager[str]:
        """Mount the target's root; the file functions below work in it until the end. Gives its path."""

    def write_text(self, path: str, text: str | Secret, *, mode: int = 0o644) -> None:
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

    def read_text(self, path: str) -> str:
        """Return a file's text."""

    def names(self, directory: str) -> tuple[str, ...]:
        """Return the sorted names in a directory, none when it is not there."""

    def exists(self, path: str) -> bool:
        """Say whether a path leads to something."""

    def scratch_file(self, name: str, text: str | bytes, *, mode: int = 0o600) -> AbstractContextManager[str]:
        """Make a file outside the target for as long as the context lasts; gives its path."""

    def scratch_directory(self) -> AbstractContextManager[str]:
        """Make a directory outside the target for as long as the context lasts; gives its path."""

    def target_path(self, path: str) -> str:
        """Return where a path of the target is found from outside, with every link resolved inside the target."""

    def host_files(self, directory: str, *suffixes: str) -> tuple[str, ...]:
        """Return the sorted paths of the files of this machine in a directory that end in one of the suffixes."""
