"""The whole command on real image files with a tiny base pack: real libparted, mkfs, lvm2, tar and GRUB."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.backend.small_repository import ROOT_FILES, huge_tarball, small_repository, tarball, write_repository
from tests.end_to_end.command import INSTALLER, PASSWORD, answerfile, installer
from tests.end_to_end.web_server import answering, serving
from tests.needs import needs

pytestmark = pytest.mark.root
SIZE = "16G"
BOOT_CODE = b"\xeb\x63"  # the jump that GRUB's boot.img begins with


def _first(image: Path, count: int) -> bytes:
    with image.open("rb") as stream:
        return stream.read(count)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    needs("losetup", "mkfs.ext3", "vgcreate", "lbzip2", "grub-mkimage")
    return small_repository(tmp_path / "repository")


def _install(tmp_path: Path, xml: str, *more: str) -> tuple[int, str]:
    tmp_path.joinpath("answers.xml").write_text(xml, encoding="utf-8")
    arguments = ["--answerfile", "answers.xml", "--target", "disk.img", *more, "install"]
    if not tmp_path.joinpath("disk.img").exists() and "--size" not in more:
        arguments[-1:-1] = ["--size", SIZE]
    outcome = installer(*arguments, cwd=tmp_path)
    return outcome.code, outcome.text


def _output(*argv: str) -> str:
    return subprocess.run(argv, capture_output=True, text=True, check=True).stdout


@contextmanager
def _partition(image: Path, number: int) -> Iterator[str]:
    """Attach one partition of an image, read-only."""
    table = json.loads(_output("sfdisk", "--json", str(image)))["partitiontable"]
    part = table["partitions"][number - 1]
    where = ["--offset", str(part["start"] * 512), "--sizelimit", str(part["size"] * 512)]
    loop = _output("losetup", "--find", "--show", "--read-only", *where, str(image)).strip()
    try:
        yield loop
    finally:
        _output("losetup", "--detach", loop)


@contextmanager
def _root(image: Path, tmp_path: Path) -> Iterator[Path]:
    mount_point = tmp_path / "mounted"
    mount_point.mkdir(exist_ok=True)
    with _partition(image, 1) as loop:
        _output("mount", "-o", "ro,noload", loop, str(mount_point))
        try:
            yield mount_point
        finally:
            _output("umount", str(mount_point))


def test_installed_image_is_what_the_plan_said(tmp_path: Path, repository: Path) -> None:
    """One installation over HTTP, looked at from outside with other tools than those that made it."""
    tmp_path.joinpath("hook").write_text("#!/bin/sh\ntouch $1/etc/ran\n", encoding="utf-8")
    with serving(tmp_path) as base:
        hook = f'<post-install-script type="url">{base}hook</post-install-script>'
        code, text = _install(tmp_path, answerfile(f"{base}repository", more=hook))
    image = tmp_path / "disk.img"
    assert code == 0, text
    table = json.loads(_output("sfdisk", "--json", str(image)))["partitiontable"]
    sizes = [(part["size"] * 512 // 2**20, part["type"]) for part in table["partitions"]]
    assert sizes == [(4096, "83"), (4096, "83"), (8190, "8e")]
    assert table["partitions"][0]["bootable"]
    with _partition(image, 1) as loop:
        assert _output("blkid", "-p", "-o", "value", "-s", "TYPE", loop) == "ext3\n"
        assert _output("blkid", "-p", "-o", "value", "-s", "LABEL", loop).startswith("root-")
        subprocess.run(["e2fsck", "-fn", loop], check=True, capture_output=True)
    with _partition(image, 2) as loop:
        assert subprocess.run(["blkid", "-p", loop], check=False, capture_output=True).returncode == 2
    with _partition(image, 3) as loop:
        options = ["--devices", loop, "--readonly", "--noheadings"]
        assert _output("vgs", *options, "-o", "vg_name").strip().startswith("VG_XenStorage-")
    with _root(image, tmp_path) as root:
        _check_files(root)
    assert _first(image, 2) == BOOT_CODE
    assert "losetup" in (tmp_path / "installer-log" / "install.log").read_text(encoding="utf-8")


def _check_files(root: Path) -> None:
    assert (root / "lib").is_symlink() and (root / "usr/lib/modules/1.2.3/modules.dep").is_file()
    assert (root / "usr/share/doc/xen/README").is_file()
    assert (root / "etc/ran").is_file()
    assert os.readlink(root / "etc/localtime") == "/usr/share/zoneinfo/Europe/London"
    assert (root / "var/swap/swap.001").stat().st_blocks * 512 >= 512 * 2**20
    assert "dom0_mem=300M,max:300M" in (root / "boot/grub/grub.cfg").read_text(encoding="utf-8")
    shadow = (root / "etc/shadow").read_text(encoding="utf-8")
    assert shadow.startswith("root:$6$") and PASSWORD not in shadow
    assert not (root / ".installer-tools").exists()
    log = (root / "var/log/installer/install.log").read_text(encoding="utf-8")
    assert "grub-bios-setup" in log and PASSWORD not in log


def test_optional_package_is_left_out_when_asked(tmp_path: Path, repository: Path) -> None:
    code, text = _install(tmp_path, answerfile(str(repository), more="<skip-package>docs</skip-package>"))
    assert code == 0, text
    with _root(tmp_path / "disk.img", tmp_path) as root:
        assert not (root / "usr/share/doc/xen/README").exists()


def test_guest_disk_joins_the_volume_group(tmp_path: Path, repository: Path) -> None:
    xml = answerfile(str(repository), more="<guest-disk>sdb</guest-disk><guest-disk>sda</guest-disk>")
    code, text = _install(tmp_path, xml, "--size", SIZE, "--target", "sdb=guest.img")
    assert code == 0, text
    with _partition(tmp_path / "disk.img", 3) as first:
        second = _output("losetup", "--find", "--show", "--read-only", str(tmp_path / "guest.img")).strip()
        try:
            options = ["--devices", f"{first},{second}", "--readonly", "--noheadings"]
            assert _output("vgs", *options, "-o", "pv_count").strip() == "2"
        finally:
            _output("losetup", "--detach", second)


def test_installing_again_over_an_installed_disk_works(tmp_path: Path, repository: Path) -> None:
    """Stale file system, LVM and boot loader of the first run do not disturb the second."""
    assert _install(tmp_path, answerfile(str(repository)))[0] == 0
    code, text = _install(tmp_path, answerfile(str(repository)))
    assert code == 0, text


def test_dry_run_makes_no_image_and_shows_the_plan(tmp_path: Path, repository: Path) -> None:
    code, text = _install(tmp_path, answerfile(str(repository)), "--dry-run")
    assert code == 0, text
    assert not (tmp_path / "disk.img").exists()
    for words in ("disk sda 17 GB", "4096 MiB", "BOOTPROTO=dhcp", "dom0fs", "boot loader", "Nothing was changed."):
        assert words in text
    assert PASSWORD not in text


def test_dry_run_as_json_is_one_object_a_line(tmp_path: Path, repository: Path) -> None:
    _, text = _install(tmp_path, answerfile(str(repository)), "--dry-run", "--json")
    records = [json.loads(line) for line in text.splitlines()]
    (plan,) = [record for record in records if record["event"] == "Plan"]
    assert plan["phases"][0]["destructive"] is False
    assert plan["disks"][0]["heading"].startswith("disk sda")


def test_run_as_json_tells_every_step(tmp_path: Path, repository: Path) -> None:
    code, text = _install(tmp_path, answerfile(str(repository)), "--json")
    records = [json.loads(line) for line in text.splitlines()]
    assert code == 0
    assert records[-1]["event"] == "PlanFinished" and records[-1]["ok"]
    assert sum(record["event"] == "StepFinished" for record in records) >= 25


def test_failing_post_install_script_is_told_and_the_host_is_complete(tmp_path: Path, repository: Path) -> None:
    tmp_path.joinpath("hook").write_text("#!/bin/sh\necho no such thing\nexit 7\n", encoding="utf-8")
    hook = f'<post-install-script type="url">file://{tmp_path}/hook</post-install-script>'
    code, text = _install(tmp_path, answerfile(str(repository), more=hook))
    assert code == 0
    assert "post-install script ended with exit status 7: no such thing" in text
    assert _first(tmp_path / "disk.img", 2) == BOOT_CODE


def test_local_source_and_script_are_found_on_the_medium(tmp_path: Path, repository: Path) -> None:
    repository.joinpath("post-install-script").write_text("#!/bin/sh\ntouch $1/etc/ran\n", encoding="utf-8")
    source = '<source type="local">ignored</source><post-install-script type="local"/>'
    code, text = _install(tmp_path, answerfile("", source=source), "--media", str(repository))
    assert code == 0, text
    with _root(tmp_path / "disk.img", tmp_path) as root:
        assert (root / "etc/ran").is_file()


def _leftovers(tmp_path: Path) -> str:
    mounts = Path("/proc/self/mountinfo").read_text(encoding="utf-8")
    attached = _output("losetup", "--list", "--noheadings", "--output", "BACK-FILE")
    return "\n".join(line for line in (mounts + attached).splitlines() if str(tmp_path) in line)


def test_wrong_md5_while_unpacking_fails_names_the_package_and_boots_nothing(tmp_path: Path, repository: Path) -> None:
    """Same size, other bytes: only found while it is unpacked, after the point of no return."""
    packages = {"dom0fs": tarball(ROOT_FILES, {"lib": "usr/lib"})}
    main = write_repository(tmp_path / "bad" / "packages.main", packages)
    listing = (main / "XS-PACKAGES").read_text(encoding="ascii").split()
    listing[2] = "0" * 32
    (main / "XS-PACKAGES").write_text(" ".join(listing) + "\n", encoding="ascii")
    code, text = _install(tmp_path, answerfile(str(main.parent)))
    assert code == 1
    assert "dom0fs" in text and "MD5" in text and "not bootable" in text
    assert _first(tmp_path / "disk.img", 2) != BOOT_CODE
    assert _leftovers(tmp_path) == ""


def test_full_root_partition_ends_clearly(tmp_path: Path, repository: Path) -> None:
    write_repository(repository / "packages.main", {"dom0fs": tarball(ROOT_FILES), "huge": huge_tarball(70)})
    code, text = _install(tmp_path, answerfile(str(repository)))
    assert code == 1, text
    assert "the root partition is full" in text and "huge" in text
    assert _leftovers(tmp_path) == ""


def test_ctrl_c_while_unpacking_releases_everything(tmp_path: Path, repository: Path) -> None:
    noise = {f"noise{number}": os.urandom(2**20) for number in range(48)}
    write_repository(repository / "packages.main", {"dom0fs": tarball(ROOT_FILES), "noise": tarball(noise)})
    tmp_path.joinpath("answers.xml").write_text(answerfile(str(repository)), encoding="utf-8")
    argv = [str(INSTALLER), "--answerfile", "answers.xml", "--target", "disk.img", "--size", SIZE, "--json", "install"]
    with subprocess.Popen(argv, cwd=tmp_path, stdout=subprocess.PIPE, text=True) as process:
        for line in process.stdout or ():
            if '"StepProgress"' in line and '"noise"' in line:
                process.send_signal(signal.SIGINT)
                break
        rest = process.stdout.read() if process.stdout else ""
        assert process.wait(timeout=60) == 3, rest
    assert "broken off" in rest and "not bootable" in rest
    assert _leftovers(tmp_path) == ""


def test_image_held_by_another_loop_device_is_refused(tmp_path: Path, repository: Path) -> None:
    image = tmp_path / "disk.img"
    image.touch()
    os.truncate(image, 2**34)
    loop = _output("losetup", "--find", "--show", str(image)).strip()
    try:
        code, text = _install(tmp_path, answerfile(str(repository)))
    finally:
        _output("losetup", "--detach", loop)
    assert code == 2
    assert loop in text


def test_a_disk_that_changes_after_it_was_probed_is_refused(tmp_path: Path, repository: Path) -> None:
    """Somebody writes to the image while the installer fetches the last thing before the point of no return."""
    image = tmp_path / "disk.img"
    image.touch()
    os.truncate(image, 2**34)

    def write_to_image() -> bytes:
        with image.open("r+b") as stream:
            stream.write(b"somebody else was here")
        return b"#!/bin/sh\n"

    with answering(write_to_image) as url:
        more = f'<post-install-script type="url">{url}</post-install-script>'
        code, text = _install(tmp_path, answerfile(str(repository), more=more))
    assert code == 2, text
    assert "is not what it was when it was probed" in text
    assert _first(image, 22) == b"somebody else was here"


def test_verify_names_the_faulty_package_before_anything_is_changed(tmp_path: Path, repository: Path) -> None:
    package = repository / "packages.main" / "docs.tar.bz2"
    data = package.read_bytes()
    package.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    code, text = _install(tmp_path, answerfile(str(repository)), "--verify")
    assert code == 1
    assert "package docs (docs.tar.bz2) has the MD5" in text and "1 package is faulty" in text
    assert "dom0fs" not in text and not (tmp_path / "disk.img").exists()


def test_verified_packages_are_installed(tmp_path: Path, repository: Path) -> None:
    code, text = _install(tmp_path, answerfile(str(repository)), "--verify", "--dry-run")
    assert code == 0, text
    assert "size and MD5 of all 3 packages are right" in text


def test_what_is_left_out_cannot_be_asked_for_without_a_terminal(tmp_path: Path, repository: Path) -> None:
    code, text = _install(tmp_path, answerfile(str(repository), timezone="", keymap=""), "--ask-missing")
    assert code == 2
    assert "the screens need a terminal" in text
