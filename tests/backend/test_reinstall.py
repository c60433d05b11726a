"""Installations over a host, for real on image files: what stays, what is new, and what a killed one leaves."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.backend.small_repository import small_repository
from tests.end_to_end.command import INSTALLER, Outcome, answerfile, installer
from tests.end_to_end.disk_image import fingerprint, partitions, read_file, write_file
from tests.end_to_end.over_host import entries, part_sha256
from tests.needs import needs

pytestmark = pytest.mark.root
INVENTORY = "/etc/xensource-inventory"
MARK = b"a guest's bytes"
JOURNAL = "/.xen-installer/journal"
GIB = 2**30


@dataclass(frozen=True)
class OldHost:
    """A host on an image file, with data where its guests' storage is."""

    image: Path
    repository: Path

    def over(self, mode: str = "reinstall", more: str = "", attributes: str = "", *options: str) -> Outcome:
        """Install over it."""
        return installer(*self.argv(mode, more, attributes), *options, "install", cwd=self.image.parent)

    def argv(self, mode: str = "reinstall", more: str = "", attributes: str = "") -> tuple[str, ...]:
        """Return the options of an installation over it."""
        text = (
            f'<installation mode="{mode}" {attributes}><existing-installation>sda</existing-installation>'
            f'<source type="url">{self.repository}</source>{more}</installation>'
        )
        answers = self.image.parent / "over.xml"
        answers.write_text(text, encoding="utf-8")
        return ("--answerfile", str(answers), "--target", str(self.image))

    def file(self, path: str, number: int = 1) -> str:
        """Return a file of a partition."""
        return read_file(self.image, partitions(self.image)[number - 1], path)

    def guests(self) -> str:
        """Return the hash of the guest storage."""
        return part_sha256(self.image, partitions(self.image)[2])


@pytest.fixture
def host(tmp_path: Path, request: pytest.FixtureRequest) -> OldHost:
    """A host with settings that are not the default ones; a parameter is the type of its guest storage."""
    needs("losetup", "mkfs.ext3", "vgcreate", "lbzip2", "grub-mkimage", "debugfs")
    repository, image = small_repository(tmp_path / "repository"), tmp_path / "disk.img"
    static = (
        '<admin-interface name="eth0" proto="static"><ip>10.1.2.3</ip><subnet-mask>255.255.255.0</subnet-mask>'
        "<gateway>10.1.2.1</gateway></admin-interface>"
    )
    more = "<hostname>alpha.example.org</hostname><nameserver>10.1.2.53</nameserver><ntp-server>10.1.2.9</ntp-server>"
    text = answerfile(
        "",
        source=f'<source type="url">{repository}</source>',
        keymap="<keymap>de</keymap>",
        timezone="<timezone>Europe/Paris</timezone>",
        admin_interface=static,
        more=more,
    ).replace("<installation>", f'<installation sr-type="{getattr(request, "param", "lvm")}">')
    answers = tmp_path / "first.xml"
    answers.write_text(text, encoding="utf-8")
    argv = ("--answerfile", str(answers), "--target", str(image), "--size", "16G", "install")
    outcome = installer(*argv, cwd=tmp_path)
    assert outcome.code == 0, outcome.text
    with image.open("r+b") as stream:
        stream.seek(partitions(image)[2].start_bytes + GIB)
        stream.write(MARK)
    return OldHost(image, repository)


STEPS = (
    "keep the old host",
    "back the old host up",
    "make an ext3 file system labelled",
    "install kernel",
    "make the swap",
)
SETTINGS = (
    "/etc/sysconfig/network-scripts/ifcfg-eth0",
    "/etc/sysconfig/network-scripts/ifcfg-xenbr0",
    "/etc/sysconfig/network",
    "/etc/hostname",
    "/etc/resolv.conf",
    "/etc/sysconfig/keyboard",
    "/etc/sysconfig/clock",
    "/etc/ntp.conf",
)


@pytest.mark.parametrize(("host", "storage"), [("lvm", "lvm"), ("ext", "ext")], indirect=["host"])
def test_guests_identity_and_settings_stay_and_the_control_domain_is_new(host: OldHost, storage: str) -> None:
    guests, settings, shadow = host.guests(), {path: host.file(path) for path in SETTINGS}, host.file("/etc/shadow")
    before, table = entries(host.file(INVENTORY)), partitions(host.image)
    write_file(host.image, table[0], "/etc/hosts", "changed by somebody\n")
    outcome = host.over()
    assert outcome.code == 0, outcome.text
    assert "no iSCSI name that could be carried over" in outcome.text.partition("Installed in")[2]
    assert (host.guests(), partitions(host.image)) == (guests, table)
    assert {path: host.file(path) for path in SETTINGS} == settings
    now = entries(host.file(INVENTORY))
    new = {name for name in before if now[name] != before[name]}
    assert before["DEFAULT_SR_TYPE"] == storage and new == {"INSTALLATION_DATE"}
    root = [line for line in shadow.splitlines() if line.startswith("root:")]
    assert root and root == [line for line in host.file("/etc/shadow").splitlines() if line.startswith("root:")]
    assert host.file("/etc/hosts") != "changed by somebody\n" == host.file("/etc/hosts", 2)
    assert entries(host.file(INVENTORY, 2)) == before and not host.file(JOURNAL, 2)
    assert not host.file("/etc/firstboot.d/data/default-storage.conf")
    assert 'mode="reinstall"' in host.file("/root/installer-answerfile.xml")
    assert not subprocess.run(["losetup", "-j", str(host.image)], capture_output=True, check=True).stdout


def test_what_is_said_is_different_and_no_backup_is_made(host: OldHost) -> None:
    guests = host.guests()
    outcome = host.over("upgrade", "<hostname>beta</hostname><keymap>us</keymap>", 'backup="no"')
    assert outcome.code == 0, outcome.text
    assert host.guests() == guests
    assert host.file("/etc/hostname") == "beta\n" and "KEYTABLE=us" in host.file("/etc/sysconfig/keyboard")
    assert "10.1.2.3" in host.file("/etc/sysconfig/network-scripts/ifcfg-xenbr0")
    assert not host.file(INVENTORY, 2) and not host.file(JOURNAL, 2)


def test_an_older_backup_stays_when_none_is_wanted(host: OldHost) -> None:
    assert host.over().code == 0
    first = entries(host.file(INVENTORY, 2))
    assert host.over(attributes='backup="no"').code == 0
    assert entries(host.file(INVENTORY, 2)) == first and not host.file(JOURNAL, 2)


def test_the_plan_changes_nothing(host: OldHost) -> None:
    before = fingerprint(host.image)
    outcome = installer(*host.argv(), "--dry-run", "install", cwd=host.image.parent)
    assert outcome.code == 0 and "guest storage: kept bit by bit" in outcome.out
    assert fingerprint(host.image) == before


def test_a_bad_package_leaves_a_host_that_a_later_run_brings_to_its_end(host: OldHost) -> None:
    """The control domain is gone by then: what was kept on the second partition is all there is."""
    guests, before = host.guests(), entries(host.file(INVENTORY))
    settings = {path: host.file(path) for path in SETTINGS}
    (package,) = host.repository.rglob("docs*.tar.bz2")
    good = package.read_bytes()
    package.write_bytes(good[:-1] + bytes([good[-1] ^ 1]))
    outcome = host.over()
    assert outcome.code == 1 and "does not boot" in outcome.text and "start the same installation again" in outcome.text
    assert host.file(JOURNAL, 2) and host.guests() == guests
    package.write_bytes(good)
    fresh = installer(*host.argv(), "--dry-run", "install", cwd=host.image.parent)
    assert "was broken off (replacing)" in fresh.text
    outcome = host.over()
    assert outcome.code == 0, outcome.text
    assert host.guests() == guests and {path: host.file(path) for path in SETTINGS} == settings
    assert entries(host.file(INVENTORY))["INSTALLATION_UUID"] == before["INSTALLATION_UUID"]
    assert entries(host.file(INVENTORY, 2)) == before and not host.file(JOURNAL, 2)


@pytest.mark.long
@pytest.mark.parametrize("step", STEPS)
def test_a_killed_run_is_brought_to_its_end_by_the_same_answers(host: OldHost, step: str) -> None:
    guests, before = host.guests(), entries(host.file(INVENTORY))
    _kill_at(host, step)
    assert host.guests() == guests
    outcome = host.over()
    assert outcome.code == 0, outcome.text
    now = entries(host.file(INVENTORY))
    assert host.guests() == guests and not host.file(JOURNAL, 2)
    assert {name for name in before if now[name] != before[name]} == {"INSTALLATION_DATE"}
    assert entries(host.file(INVENTORY, 2)) == before


def _kill_at(host: OldHost, step: str) -> None:
    """Start an installation and kill it, and all that it started, as a step begins."""
    argv = [str(INSTALLER), *host.argv(), "--json", "install"]
    with subprocess.Popen(
        argv, cwd=host.image.parent, stdout=subprocess.PIPE, text=True, start_new_session=True
    ) as run:
        assert run.stdout
        for line in run.stdout:
            if '"StepStarted"' in line and step in line:
                os.killpg(run.pid, signal.SIGKILL)
                break
        else:
            raise AssertionError(f"no step {step}")
    _wait_until(lambda: not _mounted(host))


def _mounted(host: OldHost) -> bool:
    """Say whether the image is still mounted: the kernel lets go of a killed process's mounts a moment later."""
    loops = subprocess.run(["losetup", "-j", str(host.image)], capture_output=True, text=True, check=True).stdout
    device = loops.partition(":")[0]
    return bool(device) and any(line.startswith(device) for line in Path("/proc/mounts").read_text().splitlines())


def _wait_until(done: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not done():
        assert time.monotonic() < deadline, "still mounted"
        time.sleep(0.05)
