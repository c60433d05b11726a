"""A System that changes nothing and writes down what would have been done: dry runs and tests."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager

from backend.probe.in_use import Fingerprint
from backend.process import Argv
from backend.system import Sink
from backend.table import PartitionTable
from installer.model.errors import CommandFailed
from installer.model.secret import Secret

# what stands in for the unpacked packages, which a dry run has not got
UNPACKED = {
    "/boot/xen.gz": "",
    "/boot/vmlinuz-KERNEL": "",
    "/boot/initrd.img-KERNEL": "",
    "/lib/systemd/system/ssh.service": "",
}
TARGET = "/target"


class RecordingSystem:
    """`actions` lists every change in order; `fail_at` n makes the n-th change (from 1) fail.

    `resources` lists what was taken and released, in order: locks, loop devices, mounts. `taken` are loop devices that
    somebody else attached since the plan was made.
    """

    def __init__(self, *, fail_at: int = 0, files: dict[str, str] | None = None) -> None:
        self.actions: list[tuple[str, ...]] = []
        self.files: dict[str, str] = dict(UNPACKED if files is None else files)
        self.mounts: list[str] = []
        self.locks: list[str] = []
        self.resources: list[tuple[str, str]] = []
        self.fingerprints: dict[str, Fingerprint] = {}
        self.taken: set[str] = set()
        self._fail_at = fail_at

    def _change(self, *words: str) -> None:
        self.actions.append(words)
        if len(self.actions) == self._fail_at:
            raise CommandFailed(words, 1, ("made to fail",))

    def run(
        self,
        argv: Argv,
        *,
        stdin: str | Secret = "",
        ok: Sequence[int] = (0,),
        timeout_s: float | None = None,
        why: str = "",
    ) -> tuple[str, ...]:
        """Write the argv down; loop devices and boot entries get made-up names."""
        self._change(*argv)
        if argv[2:4] == ("rm", "--force"):
            self.files.pop(argv[-1], None)
        if argv[:2] == ("losetup", "--find"):
            device = f"/dev/loop-of-{argv[-1].rpartition('/')[2]}"
            self.resources.append(("take", f"loop {device}"))
            return (device,)
        if argv[:2] == ("losetup", "--detach") and ("take", f"loop {argv[-1]}") in self.resources:
            self.resources.append(("release", f"loop {argv[-1]}"))
        return ("BootOrder: 0000",) if "--create" in argv else ()

    @contextmanager
    def pipe(self, *commands: Argv, cpu_s: int | None = None, memory_bytes: int | None = None) -> Iterator[Sink]:
        """Write the pipeline down and swallow what it is fed."""
        words: list[str] = []
        for argv in commands:
            words += ["|", *argv] if words else [*argv]
        self._change(*words)
        yield _Drain()

    def in_target(self, *argv: str) -> Argv:
        """Name the tool as it would be run."""
        return ("chroot", TARGET, *argv)

    def has_tool(self, name: str) -> bool:
        """Every tool is at hand."""
        return True

    def write_partition_table(self, device: str, table: PartitionTable) -> None:
        """Write the table down."""
        parts = (f"{part.number}:{part.use}:{part.start_bytes}+{part.size_bytes}" for part in table.partitions)
        self._change("partition-table", device, table.type.value, *parts)

    def partition_node(self, device: str, number: int) -> str:
        """Name the node by device and number."""
        return f"{device}#{number}"

    def fingerprint(self, device: str) -> Fingerprint:
        """Return what was set for the device; all others look the same."""
        return self.fingerprints.get(device, Fingerprint(size_bytes=0, serial="", wwn="", contents=""))

    def zero(self, device: str, starts: Sequence[int]) -> None:
        """Write it down."""
        self._change("zero", device, *map(str, starts))

    def create_image(self, path: str, size_bytes: int) -> None:
        """Write it down."""
        self._change("create-image", path, str(size_bytes))

    def note_attached(self, device: str, path: str) -> None:
        """Nothing of this machine is written."""

    def note_detached(self, device: str) -> None:
        """Nothing of this machine is written."""

    def is_left_behind(self, device: str, path: str) -> bool:
        """As the plan has it, unless `taken` says that the device is another's by now."""
        return device not in self.taken

    @contextmanager
    def locked(self, path: str) -> Iterator[None]:
        """Keep count of what is locked."""
        self.locks.append(path)
        self.resources.append(("take", f"lock {path}"))
        try:
            yield
        finally:
            self.locks.remove(path)
            self.resources.append(("release", f"lock {path}"))

    def settle(self) -> None:
        """Nothing to wait for."""

    def sync(self) -> None:
        """Write it down."""
        self._change("sync")

    @contextmanager
    def mounted(self, node: str, filesystem: str) -> Iterator[str]:
        """Keep count of what is mounted."""
        self._change("mount", "-t", filesystem, node, TARGET)
        self.mounts.append(node)
        self.resources.append(("take", f"mount {node}"))
        try:
            yield TARGET
        finally:
            self.mounts.remove(node)
            self.resources.append(("release", f"mount {node}"))
            self._change("umount", TARGET)

    def write_text(self, path: str, text: str | Secret, *, mode: int = 0o644) -> None:
        """Keep the text (a secret masked)."""
        self._change("write", path, f"{mode:o}")
        self.files[path] = str(text)

    def write_zeros(self, path: str, size_bytes: int, on_bytes: Callable[[int], None], *, mode: int = 0o600) -> None:
        """Write it down."""
        self._change("write-zeros", path, str(size_bytes))
        on_bytes(size_bytes)

    def write_stream(self, path: str, chunks: Iterable[bytes], *, mode: int = 0o644) -> None:
        """Write it down and swallow the bytes."""
        self._change("write", path, f"{mode:o}")
        self.files[path] = f"{sum(map(len, chunks))} bytes\n"

    @contextmanager
    def spooled(self, chunks: Iterable[bytes]) -> Iterator[Iterator[bytes]]:
        """Write it down, and keep the bytes in memory."""
        whole = b"".join(chunks)
        self._change("spool", str(len(whole)))
        yield iter((whole,))

    def link(self, path: str, points_to: str) -> None:
        """Write it down."""
        self._change("link", path, points_to)

    def import_files(self, sources: Sequence[str], directory: str) -> None:
        """Write it down."""
        self._change("import", directory, *sources)

    def read_text(self, path: str) -> str:
        """Return what was written before."""
        return self.files[path]

    def names(self, directory: str) -> tuple[str, ...]:
        """Return the names directly in a directory."""
        mark = directory.rstrip("/") + "/"
        return tuple(sorted({path.removeprefix(mark).split("/")[0] for path in self.files if path.startswith(mark)}))

    def exists(self, path: str) -> bool:
        """Say whether it was written before."""
        return path in self.files

    def target_path(self, path: str) -> str:
        """Name it below the target."""
        return TARGET + path

    @contextmanager
    def scratch_file(self, name: str, text: str | bytes, *, mode: int = 0o600) -> Iterator[str]:
        """Give a path that does not exist."""
        yield f"/scratch/{name}"

    @contextmanager
    def scratch_directory(self) -> Iterator[str]:
        """Give a path that does not exist."""
        yield "/scratch"

    def host_files(self, directory: str, *suffixes: str) -> tuple[str, ...]:
        """Nothing of this machine is looked at."""
        return ()


class _Drain:
    """Swallows what it is fed."""

    def write(self, data: bytes) -> None:
        """Forget it."""
