"""The real system with a fault in it: everything that changes the machine is counted, and one change meets with it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from backend.process import Argv
from backend.real_system import RealSystem
from backend.system import OnBytes, Root, Sink
from backend.system import Place as Mounted
from backend.table import PartitionTable
from backend.written import sync_device
from installer.model.errors import CommandFailed
from installer.model.secret import Secret
from tests.faults.verdict import WORDS


class Fault:
    """What one change meets with; this one is none."""

    def before(self, change: Argv) -> None:
        """Act before the change is made."""

    def program(self, argv: Argv, timeout_s: float | None) -> tuple[Argv, float | None]:
        """Return the program that is run for the change, and its time limit."""
        return argv, timeout_s

    def after(self, change: Argv) -> None:
        """Act after the change was made."""


class Fails(Fault):
    """The change fails: it is not made, or only its end is bad."""

    def __init__(self, *, after: bool) -> None:
        self._after = after

    def before(self, change: Argv) -> None:
        if not self._after:
            raise CommandFailed(change, 1, (WORDS,))

    def after(self, change: Argv) -> None:
        if self._after:
            raise CommandFailed(change, 1, (WORDS,))


class FailingSystem(RealSystem):
    """The real system, whose n-th change (from 1) meets with something: it fails, unless another fault is given.

    `after`: a change fails after it was made, and not before.
    """

    def __init__(self, scratch: Path, fail_at: int = 0, *, after: bool = False, fault: Fault | None = None) -> None:
        self.lines: list[str] = []
        self.changes: list[Argv] = []
        self._fail_at, self._fault = fail_at, fault or Fails(after=after)
        super().__init__(self.lines.append, scratch)

    @contextmanager
    def _change(self, *words: str) -> Iterator[bool]:
        """Count a change, and say whether it is the one."""
        self.changes.append(words)
        hit = len(self.changes) == self._fail_at
        if hit:
            self._fault.before(words)
        yield hit
        if hit:
            self._fault.after(words)

    def run(
        self,
        argv: Argv,
        *,
        stdin: str | Secret = "",
        ok: Sequence[int] = (0,),
        timeout_s: float | None = None,
        why: str = "",
    ) -> tuple[str, ...]:
        with self._change(*argv) as hit:
            if hit:
                argv, timeout_s = self._fault.program(argv, timeout_s)
            return super().run(argv, stdin=stdin, ok=ok, timeout_s=timeout_s, why=why)

    @contextmanager
    def pipe(
        self, *commands: Argv, cpu_s: int | None = None, memory_bytes: Sequence[int | None] = ()
    ) -> Iterator[Sink]:
        words = [word for argv in commands for word in ("|", *argv)][1:]
        with self._change(*words) as hit:
            if hit:
                commands = tuple(self._fault.program(argv, None)[0] for argv in commands)
            with super().pipe(*commands, cpu_s=cpu_s, memory_bytes=memory_bytes) as sink:
                yield sink

    def write_partition_table(self, device: str, table: PartitionTable) -> None:
        with self._change("partition-table", device):
            super().write_partition_table(device, table)

    def zero(self, device: str, starts: Sequence[int]) -> None:
        with self._change("zero", device):
            super().zero(device, starts)

    def erase_boot_code(self, device: str) -> None:
        with self._change("erase-boot-code", device):
            super().erase_boot_code(device)

    def remove(self, path: str, *, on: Mounted) -> None:
        with self._change("remove", path):
            super().remove(path, on=on)

    def clear(self, place: Mounted, keep: Sequence[str]) -> None:
        with self._change("clear", place):
            super().clear(place, keep)

    def carry_files(self, patterns: Sequence[str], source: Root, target: Root) -> tuple[str, ...]:
        with self._change("carry", *patterns):
            return super().carry_files(patterns, source, target)

    def copy_tree(self, source: Mounted, target: Mounted, leave_out: Sequence[str], on_bytes: OnBytes) -> None:
        with self._change("copy-tree", source, target):
            super().copy_tree(source, target, leave_out, on_bytes)

    def compare_trees(
        self, original: Mounted, copy: Mounted, leave_out: Sequence[str], on_bytes: OnBytes
    ) -> tuple[str, ...]:
        with self._change("compare-trees", original, copy):
            return super().compare_trees(original, copy, leave_out, on_bytes)

    def read_tree(self, place: Mounted, leave_out: Sequence[str], on_bytes: OnBytes) -> None:
        with self._change("read-tree", place):
            super().read_tree(place, leave_out, on_bytes)

    def create_image(self, path: str, size_bytes: int) -> None:
        with self._change("create-image", path):
            super().create_image(path, size_bytes)

    @contextmanager
    def locked(self, path: str) -> Iterator[None]:
        with ExitStack() as stack:
            with self._change("lock", path):
                stack.enter_context(super().locked(path))
            yield

    def note_attached(self, device: str, path: str) -> None:
        with self._change("note-attached", device):
            super().note_attached(device, path)

    def sync(self, *devices: str) -> None:
        """Leave the other disks of this machine alone, which are anybody's."""
        with self._change("sync", *devices):
            self._mounts.sync()
            for device in devices:
                sync_device(device)

    def write_text(self, path: str, text: str | Secret, *, mode: int = 0o644, on: Mounted = Mounted.TARGET) -> None:
        with self._change("write", path):
            super().write_text(path, text, mode=mode, on=on)

    def write_zeros(self, path: str, size_bytes: int, on_bytes: Callable[[int], None], *, mode: int = 0o600) -> None:
        with self._change("write-zeros", path):
            super().write_zeros(path, size_bytes, on_bytes, mode=mode)

    def write_stream(self, path: str, chunks: Iterable[bytes], *, mode: int = 0o644) -> None:
        with self._change("write", path):
            super().write_stream(path, chunks, mode=mode)

    def link(self, path: str, points_to: str) -> None:
        with self._change("link", path):
            super().link(path, points_to)

    def import_files(self, sources: Sequence[str], directory: str) -> None:
        with self._change("import", directory):
            super().import_files(sources, directory)
