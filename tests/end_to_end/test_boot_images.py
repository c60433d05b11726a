"""Images that boot by UEFI, from 4Kn and from disks above 2 TiB: made by the whole command with a tiny base pack."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from installer.model.machine_file import dump_host, load_host, shipped_host
from tests.backend.small_repository import small_repository
from tests.end_to_end.command import answerfile, installer
from tests.needs import needs

pytestmark = pytest.mark.root
MACHINES = Path(__file__).parent.parent / "machines"
BOOT_CODE = b"\xeb\x63"  # the jump that GRUB's boot.img begins with
GUID_ESP = "C12A7328-F81F-11D2-BA4B-00A0C93EC93B"
GUID_BIOS_BOOT = "21686148-6449-6E6F-744E-656564454649"


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    needs("losetup", "mkfs.ext3", "mkfs.vfat", "mcopy", "vgcreate", "lbzip2", "grub-mkimage")
    return small_repository(tmp_path / "repository")


def _install(tmp_path: Path, xml: str, *more: str) -> str:
    tmp_path.joinpath("answers.xml").write_text(xml, encoding="utf-8")
    arguments = ["--answerfile", "answers.xml", "--target", "disk.img", *more, "install"]
    outcome = installer(*arguments, cwd=tmp_path)
    assert outcome.code == 0, outcome.text
    return outcome.text


def _output(*argv: str) -> str:
    return subprocess.run(argv, capture_output=True, text=True, check=True).stdout


@contextmanager
def _disk(image: Path, sector_bytes: int = 512) -> Iterator[dict[int, dict[str, object]]]:
    """Attach an image read-only; gives its partitions by number, each with a loop device of its own as `loop`."""
    loops = [_output("losetup", "--find", "--show", "--read-only", f"--sector-size={sector_bytes}", str(image)).strip()]
    try:
        table = json.loads(_output("sfdisk", "--json", loops[0]))["partitiontable"]
        assert table["label"] == "gpt"
        parts: dict[int, dict[str, object]] = {}
        for part in table["partitions"]:
            where = [f"--offset={part['start'] * sector_bytes}", f"--sizelimit={part['size'] * sector_bytes}"]
            sectors = f"--sector-size={sector_bytes}"
            loops.append(_output("losetup", "--find", "--show", "--read-only", sectors, *where, str(image)).strip())
            parts[int(part["node"].removeprefix(loops[0]).removeprefix("p"))] = {**part, "loop": loops[-1]}
        yield parts
    finally:
        for loop in loops:
            _output("losetup", "--detach", loop)


def _check_uefi(image: Path, tmp_path: Path, sector_bytes: int) -> None:
    with _disk(image, sector_bytes) as parts:
        assert [parts[number]["size"] for number in (1, 2)] == [4096 * 2**20 // sector_bytes] * 2
        assert parts[4]["type"] == GUID_ESP and parts[4]["start"] == 2**20 // sector_bytes
        root, esp = str(parts[1]["loop"]), str(parts[4]["loop"])
        label = _output("blkid", "-p", "-o", "value", "-s", "LABEL", root).strip()
        assert f"--set=root {label}\n" in _output("mtype", "-i", esp, "::/EFI/xenserver/grub.cfg")
        subprocess.run(["mcopy", "-o", "-i", esp, "::/EFI/BOOT/BOOTX64.EFI", str(tmp_path / "loader")], check=True)
        assert (tmp_path / "loader").read_bytes()[:2] == b"MZ"
        mount_point = tmp_path / "mounted"
        mount_point.mkdir(exist_ok=True)
        _output("mount", "-o", "ro,noload", root, str(mount_point))
        try:
            grub = mount_point / "boot" / "grub"
            menu = (grub / "grub.cfg").read_text(encoding="utf-8")
            assert menu.count("multiboot2 /boot/xen.gz") == 3 and f"root=LABEL={label} ro" in menu
            assert (grub / "x86_64-efi" / "multiboot2.mod").is_file() and not (grub / "i386-pc").exists()
        finally:
            _output("umount", str(mount_point))


def _first(path: Path) -> bytes:
    with path.open("rb") as stream:
        return stream.read(512)


def test_uefi_image_has_esp_loader_and_menu_also_over_an_older_bios_image(tmp_path: Path, repository: Path) -> None:
    """The second run finds MBR, boot code, file systems and LVM of a BIOS host; the third those of a UEFI host."""
    _install(tmp_path, answerfile(str(repository)), "--size", "16G")
    for _ in range(2):
        text = _install(tmp_path, answerfile(str(repository)), "--machine", "qemu-uefi")
        assert "boot entry" not in text  # an image has no firmware to be told
        _check_uefi(tmp_path / "disk.img", tmp_path, 512)


def test_uefi_image_with_sectors_of_4_kib_on_nvme(tmp_path: Path, repository: Path) -> None:
    machine = str(MACHINES / "sectors_4kn.json")
    xml = answerfile(str(repository), primary_disk="<primary-disk>nvme0n1</primary-disk>")
    _install(tmp_path, xml, "--machine", machine, "--size", "16G")
    _check_uefi(tmp_path / "disk.img", tmp_path, 4096)


def test_bios_image_above_2_tib_has_its_loader_in_a_partition(tmp_path: Path, repository: Path) -> None:
    image = tmp_path / "disk.img"
    no_storage = '<primary-disk gueststorage="no">sda</primary-disk>'
    _install(tmp_path, answerfile(str(repository), primary_disk=no_storage), "--size", "3000G")
    with _disk(image) as parts:
        assert sorted(parts) == [1, 2, 4]
        assert parts[4]["type"] == GUID_BIOS_BOOT
        assert any(_first(Path(str(parts[4]["loop"]))))  # GRUB's core image
    assert _first(image)[:2] == BOOT_CODE
    assert image.stat().st_blocks * 512 < 2 * 2**30


def test_secure_boot_stops_before_anything_is_written(tmp_path: Path, repository: Path) -> None:
    host = replace(shipped_host("qemu-uefi"), secure_boot=True)
    tmp_path.joinpath("machine.json").write_text(dump_host(host), encoding="utf-8")
    assert load_host(dump_host(host), "machine.json") == host
    tmp_path.joinpath("answers.xml").write_text(answerfile(str(repository)), encoding="utf-8")
    words = ("--answerfile", "answers.xml", "--target", "disk.img", "--size", "16G", "--machine", "machine.json")
    outcome = installer(*words, "install", cwd=tmp_path)
    assert outcome.code == 2 and "Secure Boot is on" in outcome.text
    assert not tmp_path.joinpath("disk.img").exists()


def test_unknown_machine_gets_the_names_of_those_shipped(tmp_path: Path) -> None:
    tmp_path.joinpath("answers.xml").write_text(answerfile("/nowhere"), encoding="utf-8")
    words = ("--answerfile", "answers.xml", "--target", "disk.img", "--size", "16G", "--machine", "qemu-efi")
    outcome = installer(*words, "install", cwd=tmp_path)
    assert outcome.code == 2 and "qemu, qemu-uefi" in outcome.text
