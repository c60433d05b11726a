"""The System that really changes the machine: runs programs, writes partition tables and files of the target."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from backend import raw_disks
from backend.confined import ConfinedRoot, unshare_mounts
from backend.left_behind import check_unlocked, is_left_behind, note_path, note_text
from backend.mounts import TOOLS, Mounts
from backend.partitioner import partition_node, write_partition_table
from backend.probe.in_use import Fingerprint, fingerprint
from backend.process import ENVIRONMENT, Argv, Pipeline, run_program
from backend.scratch import Scratch, keep_file, private_directory
from backend.system import Place, Sink
from backend.table import PartitionTable
from backend.trees_of_places import Trees
from backend.written import sync_device
from installer.model.errors import MissingTool, UsageError
from installer.model.secret import Secret

LIBRARIES = f"{TOOLS}/lib/x86_64-linux-gnu:{TOOLS}/lib64:{TOOLS}/lib"
LOADER = f"{TOOLS}/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2"  # the file itself: /lib64/ld-… is an absolute link


class RealSystem(Trees):
    """Does it. `log` hears every program with its exit status and output; `scratch` is a directory for odd files."""

    def __init__(self, log: Callable[[str], None], scratch: Path) -> None:
        self._scratch = Scratch(scratch)
        super().__init__(Mounts(self._scratch, lambda argv, limit_s: self.run(argv, timeout_s=limit_s)), log)

    def run(
        self,
        argv: Argv,
        *,
        stdin: str | Secret = "",
        ok: Sequence[int] = (0,),
        timeout_s: float | None = None,
        why: str = "",
    ) -> tuple[str, ...]:
        """Raises CommandFailed with the last lines of its output, MissingTool when it is not there."""
        text = stdin.reveal() if isinstance(stdin, Secret) else stdin
        return run_program(argv, text, ok, timeout_s, why, self._log)

    @contextmanager
    def pipe(
        self, *commands: Argv, cpu_s: int | None = None, memory_bytes: Sequence[int | None] = ()
    ) -> Iterator[Sink]:
        """Run a pipeline while the context lasts; its programs' complaints end up in CommandFailed."""
        with Pipeline(commands, self._log, cpu_s, memory_bytes) as pipeline:
            yield pipeline

    def in_target(self, *argv: str) -> Argv:
        """Run the tool by this machine's own loader and libraries: the target needs to hold neither."""
        tool = shutil.which(argv[0], path=ENVIRONMENT["PATH"])
        if tool is None:
            raise MissingTool(f"the program {argv[0]} is not on this machine")
        inside = TOOLS + os.path.realpath(tool).removeprefix("/usr")
        # under its own name: kmod is depmod only when it is called so
        loader = (LOADER, "--library-path", LIBRARIES, "--argv0", argv[0])
        return ("chroot", self._mounts.point(Place.TARGET), *loader, inside, *argv[1:])

    def has_tool(self, name: str) -> bool:
        """Look where programs are looked for when they are run; a path may be that of a file they read."""
        if name.startswith("/"):
            return os.path.exists(name)
        return shutil.which(name, path=ENVIRONMENT["PATH"]) is not None

    def write_partition_table(self, device: str, table: PartitionTable) -> None:
        """By libparted, which tells the kernel of the new partitions (BLKPG)."""
        self._log(f"partition table of {device}: {table}")
        write_partition_table(device, table)
        self.settle()

    def partition_node(self, device: str, number: int) -> str:
        """By sysfs: parent device and partition number, never by the form of a name."""
        return partition_node(device, number)

    def fingerprint(self, device: str) -> Fingerprint:
        """See `backend.probe.in_use`."""
        return fingerprint(device)

    def zero(self, device: str, starts: Sequence[int]) -> None:
        """Also removes boot code, so that a half-installed disk does not boot its former system."""
        self._log(f"zero the MiB at each of {', '.join(map(str, starts))} and the last one of {device}")
        raw_disks.write_zeros(device, starts)

    def erase_boot_code(self, device: str) -> None:
        """See `backend.raw_disks`."""
        self._log(f"erase the boot code of {device}")
        raw_disks.erase_boot_code(device)

    def create_image(self, path: str, size_bytes: int) -> None:
        """Make a sparse file that was not there; raises DiskRefused when it is there by now."""
        self._log(f"make the image file {path} of {size_bytes} bytes")
        raw_disks.create_image(path, size_bytes)

    def locked(self, path: str) -> AbstractContextManager[None]:
        """See `backend.raw_disks`."""
        return raw_disks.locked(path)

    def note_attached(self, device: str, path: str) -> None:
        """A file in /run/lock, which the next installer reads."""
        Path(note_path(device)).write_text(note_text(device, path), encoding="ascii")

    def note_detached(self, device: str) -> None:
        """Remove the file."""
        Path(note_path(device)).unlink(missing_ok=True)

    def is_left_behind(self, device: str, path: str) -> bool:
        """By the note, while no living installer holds the file's lock; raises DiskRefused when one does."""
        check_unlocked(path)
        return is_left_behind(device, path)

    def settle(self) -> None:
        """Wait for udev where one runs."""
        if os.path.exists("/run/udev/control"):
            self.run(("udevadm", "settle", "--timeout=30"), timeout_s=40)

    def sync(self, *devices: str) -> None:
        """sync(2) waits until it is done on Linux, and says nothing of what fails."""
        os.sync()
        self._mounts.sync()
        for device in devices:
            sync_device(device)

    def mounted(
        self, node: str, filesystem: str, place: Place = Place.TARGET, *, read_only: bool = False
    ) -> AbstractContextManager[str]:
        """On a new directory; see `backend.mounts`."""
        return self._mounts.mounted(node, filesystem, place, read_only=read_only)

    @property
    def _root(self) -> ConfinedRoot:
        return self._mounts.root(Place.TARGET)

    def write_text(self, path: str, text: str | Secret, *, mode: int = 0o644, on: Place = Place.TARGET) -> None:
        """Resolved inside its place; whatever stood there is replaced, links are not followed."""
        self._log(f"write {path} (mode {mode:o}){_shown(on)}")
        self._mounts.root(on).write(path, (text.reveal() if isinstance(text, Secret) else text).encode(), mode)

    def write_zeros(self, path: str, size_bytes: int, on_bytes: Callable[[int], None], *, mode: int = 0o600) -> None:
        """Resolved inside the target."""
        self._log(f"write {size_bytes} bytes of zeros to {path}")
        self._root.write_zeros(path, size_bytes, mode, on_bytes)

    def write_stream(self, path: str, chunks: Iterable[bytes], *, mode: int = 0o644) -> None:
        """Resolved inside the target; whatever stood there is replaced when all has come."""
        self._log(f"write {path} (mode {mode:o})")
        self._root.write_stream(path, chunks, mode)

    def spooled(self, chunks: Iterable[bytes]) -> AbstractContextManager[Iterator[bytes]]:
        """It goes with its descriptor, also when the installer is killed."""
        return self._root.spooled(chunks)

    def link(self, path: str, points_to: str) -> None:
        """Resolved inside the target up to the last name."""
        self._log(f"link {path} -> {points_to}")
        self._root.link(path, points_to)

    def import_files(self, sources: Sequence[str], directory: str) -> None:
        """Resolved inside the target."""
        self._log(f"copy {len(sources)} files to {directory}")
        for source in sources:
            self._root.write(f"{directory}/{os.path.basename(source)}", Path(source).read_bytes(), 0o644)

    def read_text(self, path: str, *, on: Place = Place.TARGET) -> str:
        """Resolved inside its place."""
        return self._mounts.root(on).read(path).decode(errors="replace")

    def names(self, directory: str, *, on: Place = Place.TARGET) -> tuple[str, ...]:
        """Resolved inside its place."""
        return self._mounts.root(on).names(directory)

    def exists(self, path: str, *, on: Place = Place.TARGET) -> bool:
        """Resolved inside its place."""
        return self._mounts.root(on).exists(path)

    def keep(self, path: str, chunks: Iterable[bytes], *, mode: int = 0o600) -> None:
        """Replaced when all has come."""
        self._log(f"keep {path} (mode {mode:o})")
        keep_file(Path(path), chunks, mode)

    def target_path(self, path: str) -> str:
        """By openat2(2), and the kernel's own name for what it found."""
        return self._root.outside(path)

    @contextmanager
    def scratch_file(self, name: str, text: str | bytes, *, mode: int = 0o600) -> Iterator[str]:
        """In a directory of its own that no other user can look into."""
        with self._scratch.directory() as directory:
            path = Path(directory, name)
            path.touch(mode=mode)
            path.write_bytes(text if isinstance(text, bytes) else text.encode())
            path.chmod(mode)
            yield str(path)

    def scratch_directory(self) -> AbstractContextManager[str]:
        """Removed afterwards, also after a failure; never with what is mounted in it."""
        return self._scratch.directory()

    def save(self, path: str, text: str) -> None:
        """Write a file of this machine that the user asked for; raises UsageError when that cannot be done."""
        try:
            Path(path).write_text(text, encoding="utf-8")
        except OSError as error:
            raise UsageError(f"cannot be written: {error.strerror}", where=path) from error

    def keep_mounts_private(self) -> None:
        """Have what is mounted from now on seen by this thread and what it starts alone; a change of discs comes in."""
        unshare_mounts()
        self.run(("mount", "--make-rslave", "/"))

    def host_files(self, directory: str, *suffixes: str) -> tuple[str, ...]:
        """Empty when the directory is not there."""
        return tuple(sorted(str(path) for path in Path(directory).glob("*") if path.name.endswith(suffixes)))


def _shown(place: Place) -> str:
    return "" if place is Place.TARGET else f" on the {place}"


@contextmanager
def temporary_system(
    log: Callable[[str], None] = lambda line: None, *, private_mounts: bool = False
) -> Iterator[RealSystem]:
    """Give a system with scratch space of its own below the machine's directory for temporary files.

    `private_mounts`: what is mounted from now on is this process's alone, and goes with it also when it is killed.
    """
    with private_directory() as scratch:
        system = RealSystem(log, scratch)
        if private_mounts:
            system.keep_mounts_private()
        yield system
