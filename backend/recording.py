"""A System that changes nothing and writes down what would have been done: dry runs and tests."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from fnmatch import fnmatchcase

from backend.probe.in_use import Fingerprint
from backend.process import Argv
from backend.system import OnBytes, Place, Room, Root, Sink
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
EMPTY = Room(used_bytes=1, free_bytes=2, used_files=1, free_files=2)
# what programs would have made there, by their name and first option: the index, and an initrd with modules in it
MADE: dict[Argv, str] = {
    ("depmod", "--all"): "/lib/modules/KERNEL/modules.dep",
    ("cpio", "--extract"): "/.installer-initrd/tree/lib/modules/KERNEL/modules.dep",
}


class RecordingSystem:
    """`actions` lists every change in order; `fail_at` n makes the n-th change (from 1) fail.

    `resources` lists what was taken and released, in order: locks, loop devices, mounts. `taken` are loop devices that
    somebody else attached since the plan was made. `files` beside the target are known by `on_place`; `rooms` says how
    full a place is, `differences` what comparing two trees finds.
    """

    def __init__(self, *, fail_at: int = 0, files: dict[str, str] | None = None) -> None:
        self.actions: list[tuple[str, ...]] = []
        self.files: dict[str, str] = dict(UNPACKED if files is None else files)
        self.mounts: list[str] = []
        self.locks: list[str] = []
        self.resources: list[tuple[str, str]] = []
        self.fingerprints: dict[str, Fingerprint] = {}
        self.taken: set[str] = set()
        self.rooms: dict[Place, Room] = {}
        self.differences: tuple[str, ...] = ()
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
        if made := MADE.get(argv[2:4]):
            self.files.setdefault(made, "")
        if argv[2:5] == ("rm", "--recursive", "--force"):
            self.files = {path: text for path, text in self.files.items() if not path.startswith(f"{argv[-1]}/")}
        if argv[2:4] == ("rm", "--force"):
            self.files.pop(argv[-1], None)
        if argv[:2] == ("losetup", "--find"):
            device = f"/dev/loop-of-{argv[-1].rpartition('/')[2]}"
            self.resources.append(("take", f"loop {device}"))
            return (device,)
        if argv[:2] == ("losetup", "--detach") and ("take", f"loop {argv[-1]}") in self.resources:
            self.resources.append(("release", f"loop {argv[-1]}"))
        if argv[0] == "uname":
            return ("KERNEL",)
        if "modinfo" in argv:
            return ("KERNEL SMP mod_unload",)
        return ("BootOrder: 0000",) if "--create" in argv else ()

    @contextmanager
    def pipe(
        self, *commands: Argv, cpu_s: int | None = None, memory_bytes: Sequence[int | None] = ()
    ) -> Iterator[Sink]:
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

    def erase_boot_code(self, device: str) -> None:
        """Write it down."""
        self._change("erase-boot-code", device)

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

    def sync(self, *devices: str) -> None:
        """Write it down."""
        self._change("sync", *devices)

    @contextmanager
    def mounted(
        self, node: str, filesystem: str, place: Place = Place.TARGET, *, read_only: bool = False
    ) -> Iterator[str]:
        """Keep count of what is mounted."""
        path = on_place(place, "")
        self._change("mount", "-t", filesystem, *(("-o", "ro") if read_only else ()), node, path)
        self.mounts.append(node)
        self.resources.append(("take", f"mount {node}"))
        try:
            yield path
        finally:
            self.mounts.remove(node)
            self.resources.append(("release", f"mount {node}"))
            self._change("umount", path)

    def write_text(self, path: str, text: str | Secret, *, mode: int = 0o644, on: Place = Place.TARGET) -> None:
        """Keep the text (a secret masked)."""
        name = _name(on, path)
        self._change("write", name, f"{mode:o}")
        self.files[name] = str(text)

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

    def read_text(self, path: str, *, on: Place = Place.TARGET) -> str:
        """Return what was written before."""
        return self.files[_name(on, path)]

    def names(self, directory: str, *, on: Place = Place.TARGET) -> tuple[str, ...]:
        """Return the names directly in a directory."""
        mark = _name(on, directory).rstrip("/") + "/"
        return tuple(sorted({path.removeprefix(mark).split("/")[0] for path in self.files if path.startswith(mark)}))

    def exists(self, path: str, *, on: Place = Place.TARGET) -> bool:
        """Say whether it was written before."""
        return _name(on, path) in self.files

    def room(self, place: Place) -> Room:
        """Return what was set; all others have room for everything."""
        return self.rooms.get(place, EMPTY)

    def remove(self, path: str, *, on: Place) -> None:
        """Write it down and forget the files."""
        name = _name(on, path)
        self._change("remove", name)
        for known in [known for known in self.files if known == name or known.startswith(f"{name}/")]:
            del self.files[known]

    def clear(self, place: Place, keep: Sequence[str]) -> None:
        """Write it down."""
        self._change("clear", on_place(place, "/"), *keep)

    def carry_files(self, patterns: Sequence[str], source: Root, target: Root) -> tuple[str, ...]:
        """Write it down and keep the texts of the files that were written before."""
        old, new = (_name(root.place, root.directory).rstrip("/") for root in (source, target))
        self._change("carry", f"{old}/", f"{new}/", *patterns)
        found = [(path.removeprefix(old), text) for path, text in self.files.items() if path.startswith(f"{old}/")]
        carried = [(path, text) for path, text in found if any(fnmatchcase(path, pattern) for pattern in patterns)]
        self.files.update((new + path, text) for path, text in carried)
        return tuple(path for path, _ in carried)

    def copy_tree(self, source: Place, target: Place, leave_out: Sequence[str], on_bytes: OnBytes) -> None:
        """Write it down."""
        self._change("copy-tree", on_place(source, "/"), on_place(target, "/"), *leave_out)
        on_bytes(self.room(source).used_bytes)

    def compare_trees(
        self, original: Place, copy: Place, leave_out: Sequence[str], on_bytes: OnBytes
    ) -> tuple[str, ...]:
        """Write it down; they are the same unless `differences` says otherwise."""
        self._change("compare-trees", on_place(original, "/"), on_place(copy, "/"), *leave_out)
        on_bytes(self.room(original).used_bytes)
        return self.differences

    def read_tree(self, place: Place, leave_out: Sequence[str], on_bytes: OnBytes) -> None:
        """Write it down."""
        self._change("read-tree", on_place(place, "/"), *leave_out)
        on_bytes(self.room(place).used_bytes)

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

    def keep(self, path: str, chunks: Iterable[bytes], *, mode: int = 0o600) -> None:
        """Write it down and swallow the bytes."""
        size_bytes = sum(map(len, chunks))
        self._change("keep", path, f"{mode:o}", f"{size_bytes} bytes")

    def host_files(self, directory: str, *suffixes: str) -> tuple[str, ...]:
        """Nothing of this machine is looked at."""
        return ()


def on_place(place: Place, path: str) -> str:
    """Return how the double calls a path of a place, as if all were mounted on one machine."""
    return f"/{place.replace(' ', '-')}{path}"


def _name(place: Place, path: str) -> str:
    """Files of the target are known by their own paths."""
    return path if place is Place.TARGET else on_place(place, path)


class _Drain:
    """Swallows what it is fed."""

    def write(self, data: bytes) -> None:
        """Forget it."""
