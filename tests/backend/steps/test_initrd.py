"""The control domain's initrd gets the drivers with what they need, and keeps everything that it had."""

from __future__ import annotations

import os
import stat
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from backend.recording import RecordingSystem
from backend.session import Session
from backend.steps.initrd import RebuildInitrd
from backend.steps.modules import IndexModules
from installer.model.errors import CommandFailed, DeviceError
from tests.backend.run_plan import recording_session
from tests.backend.small_repository import compiled_driver
from tests.backend.target import Target, mounted_target
from tests.needs import needs

pytestmark = pytest.mark.root
VERSION = "1.2.3"
MODULES = f"usr/lib/modules/{VERSION}"
EXTRA = "/lib/modules/${KERNEL_VERSION}/extra"
MAGIC = f"vermagic={VERSION} SMP mod_unload"
INITRD = f"boot/initrd.img-{VERSION}"
COMPRESS = {"zstd": ("zstd", "-q", "-c"), "gzip": ("gzip", "-c"), "xz": ("xz", "--check=crc32", "-c"), "none": ("cat",)}
MAGICS = {"zstd": b"\x28\xb5\x2f\xfd", "gzip": b"\x1f\x8b"}


@dataclass
class Host:
    """An unpacked control domain; `warned` is what the step had to say."""

    target: Target
    directory: Path
    warned: list[str] = field(default_factory=list)

    @property
    def root(self) -> Path:
        return self.target.root

    def session(self) -> Session:
        session = recording_session(RecordingSystem())
        session.system, session.warn = self.target.system, self.warned.append
        return session

    def add_module(self, path: str, *marks: str, exports: str = "", needs: str = "", packed: bool = False) -> None:
        """Put a module below the kernel's directory; what is packed is one .zst."""
        place = self.root / MODULES / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(compiled_driver(self.directory, (MAGIC, *marks), exports=exports, needs=needs))
        if packed:
            subprocess.run(["zstd", "-q", "--rm", str(place)], check=True)

    def write_initrd(self, form: str = "zstd", directory: str = "lib") -> None:
        """Make an initrd with one module, a link, a device and a program of another user."""
        tree = self.directory / "tree"
        modules = tree / directory / "modules" / VERSION / "kernel"
        modules.mkdir(parents=True)
        (modules / "disk.ko").write_bytes(compiled_driver(self.directory, (MAGIC, "alias=pci:v00001111*")))
        (tree / "bin").mkdir()
        (tree / "bin" / "busybox").write_bytes(b"\x7fELF")
        os.chown(tree / "bin" / "busybox", 7, 8)
        (tree / "bin" / "busybox").chmod(0o4755)
        (tree / "bin" / "sh").symlink_to("/bin/busybox")
        os.mknod(tree / "console", stat.S_IFCHR | 0o600, os.makedev(5, 1))
        names = subprocess.run(["find", "."], cwd=tree, capture_output=True, check=True).stdout
        pack = ["cpio", "--create", "--format=newc", "--quiet"]
        archive = subprocess.run(pack, cwd=tree, input=names, capture_output=True, check=True).stdout
        packed = subprocess.run(COMPRESS[form], input=archive, capture_output=True, check=True).stdout
        (self.root / INITRD).write_bytes(packed)

    def unpacked(self) -> Path:
        """Unpack the initrd as it is now."""
        place = self.directory / "unpacked"
        subprocess.run(["rm", "-rf", str(place)], check=True)
        place.mkdir()
        data = (self.root / INITRD).read_bytes()
        program = "zstd" if data.startswith(MAGICS["zstd"]) else "gzip"
        archive = subprocess.run([program, "-dc"], input=data, capture_output=True, check=True).stdout
        subprocess.run(["cpio", "-i", "-d", "-m", "--quiet"], cwd=place, input=archive, check=True)
        return place


@pytest.fixture
def host(tmp_path: Path) -> Iterator[Host]:
    needs("cpio", "gcc", "depmod", "modinfo", "zstd", "xz")
    with mounted_target(tmp_path) as mounted:
        for name in ("boot/xen.gz", f"boot/vmlinuz-{VERSION}", "lib/firmware/esp/a.bin"):
            path = mounted.root / ("usr" if name.startswith("lib") else "") / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(b"firmware")
        os.symlink("usr/lib", mounted.root / "lib")
        yield Host(mounted, tmp_path)


def _add_drivers(host: Host) -> None:
    """The driver needs a module of the disk, which needs one of the kernel that the initrd has not got."""
    host.add_module("kernel/bus.ko", exports="bus", packed=True)
    host.add_module("extra/core.ko", exports="core", needs="bus")
    host.add_module("extra/esp.ko", "alias=pci:v00001022d00002020*", needs="core")
    host.add_module("kernel/other.ko")
    IndexModules().run(host.session())


STEP = RebuildInitrd((f"{EXTRA}/esp.ko", f"{EXTRA}/core.ko"), ("/lib/firmware/esp/a.bin",))


@pytest.mark.parametrize("form", list(COMPRESS))
def test_drivers_firmware_and_what_they_need_are_in_it_and_indexed(host: Host, form: str) -> None:
    """What is not zstd becomes gzip, which every kernel reads."""
    host.write_initrd(form)
    _add_drivers(host)
    STEP.run(host.session())
    tree = host.unpacked()
    assert (host.root / INITRD).read_bytes().startswith(MAGICS["zstd" if form == "zstd" else "gzip"])
    modules = tree / "lib" / "modules" / VERSION
    found = sorted(str(path.relative_to(modules)) for path in modules.rglob("*.ko*"))
    assert found == ["extra/core.ko", "extra/esp.ko", "kernel/bus.ko", "kernel/disk.ko"]
    index = dict(line.split(":", 1) for line in (modules / "modules.dep").read_text().splitlines())
    assert index["extra/esp.ko"].split() == ["extra/core.ko", "kernel/bus.ko"]
    aliases = (modules / "modules.alias").read_text()
    assert "pci:v00001022d00002020* esp" in aliases and "pci:v00001111* disk" in aliases
    assert (tree / "lib/firmware/esp/a.bin").read_bytes() == b"firmware"
    assert not host.warned and not (host.root / ".installer-initrd").exists()


def test_everything_that_it_had_is_as_it_was(host: Host) -> None:
    host.write_initrd()
    _add_drivers(host)
    STEP.run(host.session())
    tree = host.unpacked()
    busybox, console = (tree / "bin/busybox").stat(), (tree / "console").stat()
    assert (busybox.st_uid, busybox.st_gid, stat.S_IMODE(busybox.st_mode)) == (7, 8, 0o4755)
    assert os.readlink(tree / "bin/sh") == "/bin/busybox"
    assert stat.S_ISCHR(console.st_mode) and console.st_rdev == os.makedev(5, 1)
    status = (host.root / INITRD).stat()
    assert (status.st_uid, stat.S_IMODE(status.st_mode)) == (0, 0o644)


def test_it_can_run_again_and_for_further_drivers(host: Host) -> None:
    """As after a failure, and for additional media."""
    host.write_initrd()
    _add_drivers(host)
    STEP.run(host.session())
    STEP.run(host.session())
    host.add_module("extra/nic.ko")
    IndexModules().run(host.session())
    RebuildInitrd((f"{EXTRA}/nic.ko",)).run(host.session())
    modules = host.unpacked() / "lib" / "modules" / VERSION
    assert sorted(path.name for path in modules.rglob("*.ko")) == ["bus.ko", "core.ko", "disk.ko", "esp.ko", "nic.ko"]


def test_initrd_with_modules_below_usr(host: Host) -> None:
    host.write_initrd(directory="usr/lib")
    (host.directory / "tree" / "lib").symlink_to("usr/lib")
    _repack(host)
    _add_drivers(host)
    STEP.run(host.session())
    tree = host.unpacked()
    assert (tree / "lib").is_symlink() and (tree / MODULES / "extra/esp.ko").exists()
    assert "extra/esp.ko" in (tree / MODULES / "modules.dep").read_text()


def _repack(host: Host) -> None:
    tree = host.directory / "tree"
    names = subprocess.run(["find", "."], cwd=tree, capture_output=True, check=True).stdout
    pack = ["cpio", "--create", "--format=newc", "--quiet"]
    archive = subprocess.run(pack, cwd=tree, input=names, capture_output=True, check=True).stdout
    (host.root / INITRD).write_bytes(archive)


@pytest.mark.parametrize(
    ("marks", "words"), [((), "a kernel that it does not tell"), (("vermagic=5.10 SMP",), "made for 5.10, not for")]
)
def test_driver_for_another_kernel_is_left_out_with_a_warning(host: Host, marks: tuple[str, ...], words: str) -> None:
    host.write_initrd()
    before = (host.root / INITRD).read_bytes()
    place = host.root / MODULES / "extra/esp.ko"
    place.parent.mkdir(parents=True)
    place.write_bytes(compiled_driver(host.directory, (*marks, "license=GPL")))
    RebuildInitrd((f"{EXTRA}/esp.ko",)).run(host.session())
    assert len(host.warned) == 1 and words in host.warned[0]
    assert (host.root / INITRD).read_bytes() == before


def test_file_that_is_no_driver_or_lies_elsewhere_is_left_out_with_a_warning(host: Host) -> None:
    host.write_initrd()
    host.target.system.write_text(f"/lib/modules/{VERSION}/extra/esp.ko", "no driver")
    RebuildInitrd((f"{EXTRA}/esp.ko", "/opt/esp.ko")).run(host.session())
    assert "no driver" in host.warned[0] and "is not below" in host.warned[1]


@pytest.mark.parametrize("content", [b"", b"not an archive"])
def test_initrd_that_cannot_be_read_is_a_failure_and_stays(host: Host, content: bytes) -> None:
    (host.root / INITRD).write_bytes(content)
    _add_drivers(host)
    with pytest.raises(CommandFailed, match=r"/boot/initrd\.img-1\.2\.3 cannot be unpacked"):
        STEP.run(host.session())
    assert (host.root / INITRD).read_bytes() == content
    assert not (host.root / ".installer-initrd").exists()


def test_initrd_without_modules_of_this_kernel_is_a_failure_that_says_so(host: Host) -> None:
    """Such as one with the processor's microcode in an archive before the first."""
    (host.directory / "tree" / "kernel").mkdir(parents=True)
    _repack(host)
    _add_drivers(host)
    with pytest.raises(DeviceError, match=r"holds no drivers of the kernel 1\.2\.3"):
        STEP.run(host.session())
    assert not (host.root / ".installer-initrd").exists()


def test_link_in_it_never_leads_out_of_the_target(host: Host, tmp_path: Path) -> None:
    """An archive that is meant to write where it must not: through a link of its own."""
    outside = tmp_path / "outside"
    outside.mkdir()
    entries = [
        ("a", stat.S_IFLNK | 0o777, os.fsencode(outside)),
        ("a/evil", stat.S_IFREG | 0o644, b"written where it must not"),
        ("lib/modules/1.2.3/kernel/disk.ko", stat.S_IFREG | 0o644, compiled_driver(host.directory, (MAGIC,))),
    ]
    (host.root / INITRD).write_bytes(_newc(entries))
    _add_drivers(host)
    with pytest.raises(CommandFailed, match="cannot be unpacked"):
        STEP.run(host.session())
    assert os.listdir(outside) == []


def _newc(entries: list[tuple[str, int, bytes]]) -> bytes:
    """Return an archive as cpio(5) has it; there may be anything in it."""
    data = b""
    for number, (name, mode, content) in enumerate([*entries, ("TRAILER!!!", 0, b"")], 1):
        fields = (number, mode, 0, 0, 1, 0, len(content), 0, 0, 0, 0, len(name) + 1, 0)
        data += b"070701" + b"".join(b"%08x" % value for value in fields) + name.encode() + b"\0"
        data += bytes(-len(data) % 4) + content
        data += bytes(-len(data) % 4)
    return data
