"""What answerfiles ask for beyond the guide, looked for on a real image; and the answers kept there install again."""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.backend.small_repository import add_driver_repository, compiled_driver, small_repository, tarball
from tests.driver_disk import write_driver_disk
from tests.end_to_end.command import PASSWORD, answerfile, installer
from tests.needs import needs

pytestmark = pytest.mark.root
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAcBuiXn7YImZjiQN9ahUY8rXVpyWilDryzk/tDIefPU admin@example.com"
WISHES = f"""
  <ntp-servers>ntp1.example.com, 10.0.0.3</ntp-servers>
  <ssh-key>{KEY}</ssh-key>
  <ssh>off</ssh>
  <script stage="filesystem-populated" type="url" on-failure="abort">file://{{directory}}/hook</script>
"""
BY_RULE = '<primary-disk pick="largest" min-size="16 GB" model="QEMU HARDDISK" />'


def _output(*argv: str) -> str:
    return subprocess.run(argv, capture_output=True, text=True, check=True).stdout


@contextmanager
def _partition(image: Path, number: int) -> Iterator[str]:
    part = json.loads(_output("sfdisk", "--json", str(image)))["partitiontable"]["partitions"][number - 1]
    where = ["--offset", str(part["start"] * 512), "--sizelimit", str(part["size"] * 512)]
    loop = _output("losetup", "--find", "--show", "--read-only", *where, str(image)).strip()
    try:
        yield loop
    finally:
        _output("losetup", "--detach", loop)


@contextmanager
def _root(image: Path, directory: Path) -> Iterator[Path]:
    with _partition(image, 1) as loop:
        _output("mount", "-o", "ro,noload", loop, str(directory))
        try:
            yield directory
        finally:
            _output("umount", str(directory))


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    needs("losetup", "mkfs.ext3", "vgcreate", "lbzip2", "grub-mkimage")
    return small_repository(tmp_path / "repository")


def _run(directory: Path, xml: str, *more: str) -> tuple[int, str]:
    directory.joinpath("answers.xml").write_text(xml, encoding="utf-8")
    outcome = installer("--answerfile", "answers.xml", "--target", "disk.img", *more, "install", cwd=directory)
    return outcome.code, outcome.text


def test_wishes_are_on_the_host_and_its_own_answerfile_plans_the_same(tmp_path: Path, repository: Path) -> None:
    tmp_path.joinpath("hook").write_text("#!/bin/sh\ntouch $1/etc/ran\n", encoding="utf-8")
    source = f'<source type="url">{repository}</source><source type="local" />'
    xml = answerfile("", source=source, primary_disk=BY_RULE, more=WISHES.format(directory=tmp_path))
    xml = xml.replace("<installation>", '<installation srtype="ext">', 1)
    code, text = _run(tmp_path, xml, "--media", str(repository), "--size", "16G")
    assert code == 0, text
    image, mounted = tmp_path / "disk.img", tmp_path / "mounted"
    mounted.mkdir()
    with _root(image, mounted) as root:
        _check_host(root)
        kept = (root / "root/installer-answerfile.xml").read_text(encoding="utf-8")
        inventory = (root / "etc/xensource-inventory").read_text(encoding="utf-8")
    identity = re.search(r"DEFAULT_SR_UUID='(.*)'", inventory)
    assert identity and "DEFAULT_SR_TYPE='ext'" in inventory
    table = json.loads(_output("sfdisk", "--json", str(image)))["partitiontable"]
    assert [part["type"] for part in table["partitions"]] == ["83", "83", "83"]
    with _partition(image, 3) as loop:
        assert _output("blkid", "-p", "-o", "value", "-s", "TYPE", loop) == "ext3\n"
        assert _output("blkid", "-p", "-o", "value", "-s", "UUID", loop).strip() == identity[1]
        subprocess.run(["e2fsck", "-fn", loop], check=True, capture_output=True)
    assert PASSWORD not in kept and "/dev/disk/by-id/" in kept and 'hwaddr="' in kept
    plans = [_run(tmp_path, answers, "--media", str(repository), "--dry-run")[1] for answers in (xml, kept)]
    assert _plan(plans[0]) == _plan(plans[1])


def _check_host(root: Path) -> None:
    keys = root / "root/.ssh/authorized_keys"
    assert keys.read_text(encoding="utf-8") == f"{KEY}\n"
    assert keys.stat().st_mode & 0o777 == 0o600 and keys.parent.stat().st_mode & 0o022 == 0
    assert os.readlink(root / "etc/systemd/system/ssh.service") == "/dev/null"
    assert "server ntp1.example.com iburst\nserver 10.0.0.3 iburst" in (root / "etc/ntp.conf").read_text(
        encoding="utf-8"
    )
    assert (root / "etc/ran").is_file()
    kept = (root / "root/installer-answerfile.xml").stat()
    assert kept.st_mode & 0o777 == 0o400 and kept.st_uid == 0
    assert "XSTYPE='ext'" in (root / "etc/firstboot.d/data/default-storage.conf").read_text(encoding="utf-8")


def _plan(text: str) -> str:
    """Return a plan without what is new in every run: identities, the time, the address of the answers."""
    text = re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}|root-[a-z]{8}|xenserver-[a-z]{8}|id [0-9a-f]{8}", "X", text)
    return re.sub(r"DATE='.*'|^answers\.xml:.*$", "", text, flags=re.MULTILINE)


def test_drivers_and_firmware_of_the_repository_are_on_the_host_and_a_package_left_out_is_not(
    tmp_path: Path, repository: Path
) -> None:
    needs("gcc", "depmod")
    driver, firmware = compiled_driver(tmp_path), b"firmware of the card" * 999
    add_driver_repository(repository, driver, firmware)
    xml = answerfile(str(repository), more="<skip-package>docs</skip-package>")
    code, text = _run(tmp_path, xml, "--size", "16G")
    assert code == 0, text
    mounted = tmp_path / "mounted"
    mounted.mkdir()
    with _root(tmp_path / "disk.img", mounted) as root:
        modules = root / "usr/lib/modules/1.2.3"
        assert (modules / "extra/nic.ko").read_bytes() == driver
        assert (modules / "modules.dep").read_text(encoding="ascii") == "extra/nic.ko:\n"
        assert "alias pci:v00001AF4d00001000" in (modules / "modules.alias").read_text(encoding="ascii")
        assert (root / "usr/lib/firmware/nic.bin").read_bytes() == firmware
        assert os.readlink(root / "lib") == "usr/lib"
        assert not (root / "usr/share/doc/xen").exists()


def test_ssh_on_without_a_server_among_the_packages_is_told(tmp_path: Path, repository: Path) -> None:
    code, text = _run(tmp_path, answerfile(str(repository), more="<ssh>on</ssh>"), "--size", "16G")
    assert code == 0, text
    assert "none of the packages brings an ssh server" in text


def test_a_script_that_must_not_fail_ends_the_run(tmp_path: Path, repository: Path) -> None:
    tmp_path.joinpath("hook").write_text("#!/bin/sh\necho cannot\nexit 3\n", encoding="utf-8")
    code, text = _run(tmp_path, answerfile(str(repository), more=WISHES.format(directory=tmp_path)), "--size", "16G")
    assert code == 1 and "exit status 3" in text and "cannot" in text
    with tmp_path.joinpath("disk.img").open("rb") as image:
        assert image.read(2) != b"\xeb\x63"  # no boot code: the half-made host does not start


def test_an_ambiguous_rule_ends_before_anything_is_made_and_hides_no_other_problem(
    tmp_path: Path, repository: Path
) -> None:
    twins = Path(__file__).parent.parent / "machines" / "twins.json"
    wrong = {
        "primary_disk": '<primary-disk pick="smallest" />',
        "admin_interface": '<admin-interface name="eth7" proto="dhcp"/>',
        "more": "<guest-disk>sdx</guest-disk>",
    }
    xml = answerfile(str(repository), **wrong)
    code, text = _run(tmp_path, xml, "--machine", str(twins), "--size", "16G")
    assert code == 2
    for problem in ("several disks fit", "eth7", "sdx"):
        assert problem in text, text
    assert not tmp_path.joinpath("disk.img").exists()


def test_driver_disk_of_the_answers_is_installed_without_being_loaded(tmp_path: Path, repository: Path) -> None:
    """Onto an image: the packages are on the host, and what ran says that this machine's kernel is let alone."""
    needs("gcc", "depmod", "modinfo")
    drivers = {"esp.ko": compiled_driver(tmp_path, ("vermagic=5.10 SMP",)), "esp.bin": b"firmware"}
    write_driver_disk(tmp_path / "drivers", {**drivers, "tools.bz2": tarball({"opt/acme/tool": b"tool"})})
    xml = answerfile(str(repository), more=f'<driver-source type="url">{tmp_path}/drivers</driver-source>')
    (tmp_path / "answers.xml").write_text(xml, encoding="utf-8")
    dry = ("--dry-run", "--machine", "qemu", "--answerfile", "answers.xml", "install")
    assert "note: driver disk acme:drivers (Drivers): not loaded here" in installer(*dry, cwd=tmp_path).out
    (plan,) = (line for line in installer(*dry, "--json", cwd=tmp_path).out.splitlines() if '"Plan"' in line)
    assert json.loads(plan)["notes"][0].startswith("driver disk acme:drivers (Drivers): not loaded here")
    code, text = _run(tmp_path, xml, "--size", "16G")
    assert code == 0 and "is made for 5.10, not for 1.2.3" in text, text
    mounted = tmp_path / "mounted"
    mounted.mkdir()
    with _root(tmp_path / "disk.img", mounted) as root:
        assert (root / "usr/lib/modules/1.2.3/extra/esp.ko").read_bytes() == drivers["esp.ko"]
        assert (root / "usr/lib/firmware/esp.bin").read_bytes() == b"firmware"
        assert (root / "opt/acme/tool").read_bytes() == b"tool"


def test_drivers_are_loaded_in_the_installation_image_alone(tmp_path: Path) -> None:
    outcome = installer("--load-drivers", "/drivers", "--log-dir", "log", cwd=tmp_path)
    assert outcome.code == 2 and "in the booted installation image alone" in outcome.text
