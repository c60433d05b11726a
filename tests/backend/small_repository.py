"""A tiny base pack for tests on real image files: what the installer looks for in a control domain, and no more."""

from __future__ import annotations

import bz2
import hashlib
import io
import subprocess
import tarfile
from pathlib import Path

ROOT_FILES = {
    "etc/passwd": b"root:x:0:0:root:/root:/bin/sh\n",
    "etc/shadow": b"root:*:19000:0:99999:7:::\n",
    "etc/group": b"root:x:0:\n",
    "etc/login.defs": b"ENCRYPT_METHOD SHA512\n",
    "etc/sysconfig/xapi": b"XAPI_DOM0_MEM_MIN=300\nXAPI_DOM0_MEM_MAX=752\n",
    "usr/lib/os-release": b"ID=test\n",
}
BOOT_FILES = {"boot/xen.gz": b"xen", "boot/vmlinuz-1.2.3": b"kernel", "boot/initrd.img-1.2.3": b"initrd"}


def tarball(files: dict[str, bytes], links: dict[str, str] | None = None) -> bytes:
    """Return a bzip2 tarball of files and symbolic links."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for name, points_to in (links or {}).items():
            link = tarfile.TarInfo(name)
            link.type, link.linkname = tarfile.SYMTYPE, points_to
            archive.addfile(link)
        for name, data in files.items():
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = len(data), 0o644
            archive.addfile(entry, io.BytesIO(data))
    return bz2.compress(stream.getvalue())


def huge_tarball(count: int) -> bytes:
    """Return a tarball of one file of `count` times 64 MiB of zeros; bzip2 streams may follow one another."""
    entry = tarfile.TarInfo("huge")
    chunk = bytes(2**26)
    entry.size = count * len(chunk)
    head = entry.tobuf(tarfile.GNU_FORMAT)
    return bz2.compress(head) + bz2.compress(chunk) * count + bz2.compress(bytes(tarfile.RECORDSIZE))


def write_repository(directory: Path, packages: dict[str, bytes], optional: tuple[str, ...] = ()) -> Path:
    """Write packages with valid metadata; returns the directory."""
    directory.mkdir(parents=True, exist_ok=True)
    lines = []
    for name, data in packages.items():
        directory.joinpath(f"{name}.tar.bz2").write_bytes(data)
        need = "optional" if name in optional else "required"
        lines.append(f"{name} {len(data)} {hashlib.md5(data).hexdigest()} tbz2 {need} {name}.tar.bz2 /\n")
    directory.joinpath("XS-PACKAGES").write_text("".join(lines), encoding="ascii")
    directory.joinpath("XS-REPOSITORY").write_text("xs:main\nTest base pack\nXenServer\n4.0.1-1\n", encoding="ascii")
    return directory


def small_repository(directory: Path) -> Path:
    """Write the tiny base pack: root files with /lib a link, boot files, and an optional package."""
    return write_repository(
        directory / "packages.main",
        {
            "dom0fs": tarball(ROOT_FILES, {"lib": "usr/lib"}),
            "kernel": tarball({**BOOT_FILES, "lib/modules/1.2.3/modules.dep": b""}),
            "docs": tarball({"usr/share/doc/xen/README": b"read me\n"}),
        },
        optional=("docs",),
    ).parent


# what depmod looks for in a driver: the section .modinfo (linux/moduleparam.h)
NIC = ("alias=pci:v00001AF4d00001000sv*sd*bc*sc*i*",)


def compiled_driver(directory: Path, marks: tuple[str, ...] = NIC, *, exports: str = "", needs: str = "") -> bytes:
    """Return a kernel module as far as depmod looks at it; without marks one for the PCI device 1af4:1000.

    `exports` and `needs` are names of a symbol that it gives to others, and that it wants of one.
    """
    texts = "".join(f"{mark}\\0" for mark in marks)
    lines = [f'const char marks[] __attribute__((section(".modinfo"))) = "{texts}";']
    if exports:
        lines.append(f'const char names[] __attribute__((section("__ksymtab_strings"))) = "{exports}";')
        lines.append(f"int {exports}(void) {{ return 0; }}")
    if needs:
        lines.append(f"extern int {needs}(void); int use(void) {{ return {needs}(); }}")
    source, module = directory / "nic.c", directory / "nic.ko"
    source.write_text("\n".join(lines) + "\n", encoding="ascii")
    subprocess.run(["gcc", "-c", "-o", str(module), str(source)], check=True)
    return module.read_bytes()


def add_driver_repository(directory: Path, driver: bytes, firmware: bytes) -> None:
    """Write packages.site beside the base pack of `small_repository`: one driver and one firmware file."""
    site = directory / "packages.site"
    site.mkdir()
    lines = []
    for name, data, rest in (
        ("nic.ko", driver, "driver nic.ko /lib/modules/${KERNEL_VERSION}/extra/nic.ko"),
        ("nic.bin", firmware, "firmware nic.bin"),
    ):
        site.joinpath(name).write_bytes(data)
        lines.append(f"{name.replace('.', '-')} {len(data)} {hashlib.md5(data).hexdigest()} {rest}\n")
    site.joinpath("XS-PACKAGES").write_text("".join(lines), encoding="ascii")
    site.joinpath("XS-REPOSITORY").write_text("acme:nic\nNIC driver\nXenServer\n4.0.1-1\n", encoding="ascii")
