"""What a virtual-machine test works with: disks, a served directory, and machines that start image or disk."""

from __future__ import annotations

import gzip
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from tests.end_to_end.virtual_machine import Bus, DirectBoot, Hardware, VirtualMachine
from tests.end_to_end.web_server import serving
from tests.needs import needs

GIB = 2**30
HOST_OF_MACHINE = "10.0.2.2"  # QEMU's user network: this machine as the virtual one sees it
OUTPUT = "quiet console=ttyS0,115200 output=ttyS0"
OUTPUT_UNDER_XEN = "quiet console=tty0 output=ttyS0"
# four times what a loaded machine of two cores needs
INSTALL_S = 1200.0
SHELL_S = 600.0
ALONE = ("-netdev", "user,id=alone,restrict=on", "-device", "e1000,netdev=alone")  # with an address, but no server
SHELL = r"There is a shell on (ttyS0|hvc0)"
SHELL_PROMPT = r"installer:/# "


@dataclass
class Laboratory:
    """A test's own room. `kept` holds the serial transcripts and is not removed; disks live as long as the test.

    `served` is a directory and `base` its address, with a final slash, as a machine sees it.
    """

    name: str
    directory: Path
    kept: Path
    served: Path
    base: str
    image: Path
    hypervisor: Path
    _machines: ExitStack = field(default_factory=ExitStack, init=False)
    _count: int = field(default=0, init=False)

    def disk(self, name: str = "disk", size_bytes: int = 16 * GIB, data: bytes = b"") -> Path:
        """Make a sparse disk image; `data` is written at its start, where a partition table would be."""
        path = self.directory / f"{name}.img"
        with path.open("wb") as stream:
            stream.write(data)
            stream.truncate(size_bytes)
        return path

    def serve(self, name: str, text: str) -> str:
        """Put a file into the served directory; returns its address for a machine."""
        self.served.joinpath(name).write_text(text, encoding="utf-8")
        return f"{self.base}{name}"

    def hardware(self, *disks: Path, bus: Bus = Bus.VIRTIO, memory_mib: int = 1024) -> Hardware:
        """Describe a machine with raw disks on one kind of bus; `dataclasses.replace` changes the rest.

        It ends where it would start anew, so that a restart is seen and the next start is the test's own.
        """
        buses = (bus,) * len(disks)
        return Hardware(tuple((disk, "raw") for disk in disks), memory_mib=memory_mib, buses=buses, no_reboot=True)

    def boot_image(
        self, hardware: Hardware, words: str = "", *, under_xen: bool = False, console: str = OUTPUT
    ) -> VirtualMachine:
        """Start the boot image with kernel words added to those of a console; it ends with the test.

        Under Xen the console is always the first serial port.
        """
        kernel = self.image.parent / "vmlinuz"
        if under_xen:
            boot = DirectBoot(kernel, self.image, f"{OUTPUT_UNDER_XEN} {words}", self._unpacked_hypervisor())
        else:
            hardware = replace(hardware, cpu="max")
            boot = DirectBoot(kernel, self.image, f"{console} {words}")
        return self.start(replace(hardware, boot=boot))

    def add_to_image(self, files: Mapping[str, str]) -> None:
        """Have the boot image bring further files, by their paths below its root, in a second archive behind it."""
        tree = self.directory / "ramdisk"
        tree.mkdir()
        for name, text in files.items():
            tree.joinpath(name).parent.mkdir(parents=True, exist_ok=True)
            tree.joinpath(name).write_text(text, encoding="utf-8")
        names = sorted(str(path.relative_to(tree)) for path in tree.rglob("*"))  # a directory before what is in it
        argv = ["cpio", "--create", "--format=newc", "--quiet"]
        packed = subprocess.run(argv, input="\n".join(names).encode(), cwd=tree, check=True, capture_output=True)
        image = self.directory / self.image.name
        image.write_bytes(self.image.read_bytes() + gzip.compress(packed.stdout))
        self.directory.joinpath("vmlinuz").symlink_to(self.image.parent / "vmlinuz")
        self.image = image

    def start(self, hardware: Hardware) -> VirtualMachine:
        """Start a machine from its disks, or as `hardware.boot` says; it ends with the test."""
        self._count += 1
        return self._machines.enter_context(VirtualMachine(hardware, self.kept / f"{self.name}-{self._count}.log"))

    def close(self) -> None:
        """End all machines."""
        self._machines.close()

    def _unpacked_hypervisor(self) -> Path:
        """QEMU loads no compressed hypervisor."""
        path = self.directory / "xen"
        with gzip.open(self.hypervisor) as packed, path.open("wb") as unpacked:
            shutil.copyfileobj(packed, unpacked)
        return path


def in_shell(machine: VirtualMachine, command: str, timeout_s: float = SHELL_S) -> str:
    """Run a command in the image's shell; returns what it printed and `shell-result N`."""
    machine.child.sendline(f"{command}; echo shell''-result $?")
    said = machine.wait_for(r"shell-result \d+", timeout_s)
    machine.wait_for(SHELL_PROMPT)
    return said


def disc_of(lab: Laboratory, tree: Path, name: str) -> Path:
    """Make a disc that holds one directory of a tree; nothing starts from it."""
    needs("xorriso")
    path = lab.directory / f"{name}.iso"
    grafted = f"{name}={tree.resolve() / name}"
    argv = ["xorriso", "-as", "mkisofs", "-quiet", "-o", str(path), "-J", "-R", "-graft-points", grafted]
    subprocess.run(argv, check=True)
    return path


def in_drives(*discs: Path) -> tuple[str, ...]:
    """Return QEMU's words for discs in drives of their own, of which there are two at most."""
    drives = ("-drive", "file={},format=raw,if=ide,index={},media=cdrom,readonly=on")
    return tuple(word.format(disc, index) for index, disc in enumerate(discs, start=2) for word in drives)


@contextmanager
def laboratory(name: str, directory: Path, kept: Path, image: Path, hypervisor: Path) -> Iterator[Laboratory]:
    """Give a laboratory with its web server running; afterwards everything it started has ended."""
    served = directory / "served"
    served.mkdir()
    with serving(served) as base:
        address = base.replace("127.0.0.1", HOST_OF_MACHINE)
        room = Laboratory(name, directory, kept, served, address, image, hypervisor)
        try:
            yield room
        finally:
            room.close()
