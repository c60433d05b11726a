"""The boot image in a virtual machine: an unattended installation from the kernel's words to the host's login."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from tests.backend.small_repository import small_repository
from tests.end_to_end.command import PASSWORD, answerfile
from tests.end_to_end.disk_image import fingerprint, partitions, read_file
from tests.end_to_end.laboratory import INSTALL_S, SHELL, SHELL_PROMPT, SHELL_S, Laboratory, in_shell
from tests.end_to_end.rich_answers import answers_are_in_force, serve_answers
from tests.end_to_end.virtual_machine import Bus, VirtualMachine

pytestmark = pytest.mark.vm
DATA = b"somebody's data\n"
DONE = "the machine restarts"
CLOCK = "2026-01-02T03:04:05"  # of the hardware; far from the time of this machine
BARE = pytest.param(False, id="bare")
UNDER_XEN = pytest.param(True, id="xen", marks=pytest.mark.rare)


@pytest.mark.parametrize("under_xen", [BARE, UNDER_XEN])
def test_payload_is_installed_over_http_and_the_host_boots(lab: Laboratory, repository: Path, under_xen: bool) -> None:
    lab.served.joinpath("repository").symlink_to(repository.resolve())
    answers = serve_answers(lab.served, lab.base, "vda", ssh=False)
    disk = lab.disk()
    hardware = lab.hardware(disk, memory_mib=2048 if under_xen else 1024)
    said = lab.boot_image(hardware, f"answerfile={answers} install", under_xen=under_xen).wait_for_end(INSTALL_S)
    assert re.search(r"Installed in \d+ s", said) and DONE in said
    assert PASSWORD not in said
    _logs_are_on_the_host(disk)
    host = lab.start(lab.hardware(disk, memory_mib=1536))
    host.log_in(PASSWORD)
    answers_are_in_force(host, "vda", ssh=False)


def _logs_are_on_the_host(disk: Path) -> None:
    """Those of init too: what it did, and what was said on the console."""
    root = partitions(disk)[0]
    logs = [read_file(disk, root, f"/var/log/installer/{name}") for name in ("install.log", "init.log", "output")]
    assert not any(PASSWORD in log for log in logs)
    assert "grub-bios-setup" in logs[0] and "eth0: 10.0.2.15/24 by DHCP" in logs[1]
    assert re.search(r"^ *[0-9]+ %  install package dom0fs|^ *[0-9]+ %  .*dom0fs", logs[2], re.MULTILINE)


@pytest.mark.parametrize(
    "bus",
    [
        Bus.NVME,
        pytest.param(Bus.AHCI, marks=pytest.mark.rare),
        pytest.param(Bus.VIRTIO_SCSI, marks=pytest.mark.rare),
        pytest.param(Bus.MEGARAID, marks=pytest.mark.rare),
    ],
)
def test_every_kind_of_disk_is_installed(lab: Laboratory, bus: Bus) -> None:
    """Two disks of a kind and two NICs: the second disk joins the storage, the second NIC gets a bridge.

    The disks are told by their serial numbers: which of two SCSI disks becomes sda is chance.
    """
    small_repository(lab.served / "repository")
    text = answerfile(
        f"{lab.base}repository",
        primary_disk='<primary-disk serial="disk0" /><guest-disk serial="disk1" />',
        admin_interface='<admin-interface name="eth1" proto="dhcp"/>',
    )
    disks = (lab.disk("first", data=DATA), lab.disk("second", data=DATA))
    macs = ("52:54:00:00:00:01", "52:54:00:00:00:02")
    hardware = replace(lab.hardware(*disks, bus=bus), macs=macs)
    words = f"answerfile={lab.serve('answers.xml', text)} install"
    said = lab.boot_image(hardware, words).wait_for_end(INSTALL_S)
    assert DONE in said
    root, backup, storage = partitions(disks[0])
    assert (root.size_bytes, backup.size_bytes) == (4 * 2**30, 4 * 2**30)
    scripts = "/etc/sysconfig/network-scripts"
    assert f"HWADDR={macs[1].upper()}" in read_file(disks[0], root, f"{scripts}/ifcfg-eth1").upper()
    assert "BOOTPROTO=dhcp" in read_file(disks[0], root, f"{scripts}/ifcfg-xenbr1")
    assert "BOOTPROTO=dhcp" not in read_file(disks[0], root, f"{scripts}/ifcfg-xenbr0")
    assert b"VG_XenStorage-" in _physical_volume(disks[0], storage.start_bytes)
    assert b"VG_XenStorage-" in _physical_volume(disks[1], 0)


def _physical_volume(disk: Path, start_bytes: int) -> bytes:
    """Return the first MiB of a physical volume: its label and, as text, the volume group that it belongs to."""
    with disk.open("rb") as stream:
        stream.seek(start_bytes)
        return stream.read(2**20)


def test_wrong_answers_and_a_dry_run_leave_disk_and_machine_as_they_are(lab: Laboratory) -> None:
    small_repository(lab.served / "repository")
    disk = lab.disk(data=DATA)
    before = fingerprint(disk)
    primary = "<primary-disk>vda</primary-disk>"
    right = answerfile(f"{lab.base}repository", primary_disk=primary)
    wrong = answerfile(f"{lab.base}repository", primary_disk=primary, timezone="<timezone>Europe/Lundon</timezone>")
    lab.serve("right.xml", right)
    lab.serve("wrong.xml", wrong)
    with_password = lab.base.replace("http://", "http://somebody:hidden@")
    machine = lab.boot_image(lab.hardware(disk), f"answerfile={with_password}wrong.xml install")
    said = machine.wait_for(SHELL, SHELL_S)
    machine.wait_for(SHELL_PROMPT)
    assert "did you mean Europe/London?" in said
    log = in_shell(machine, "ls /install/tmp; cat /install/tmp/*")
    assert "kernel.log" in log and "Europe/Lundon" in log
    assert PASSWORD not in log and "hidden" not in said + log
    dry = in_shell(machine, f"installer --dry-run --answerfile {lab.base}right.xml install")
    assert "disk vda" in dry and "Nothing was changed." in dry and "shell-result 0" in dry
    machine.close()
    assert fingerprint(disk) == before


def test_dead_source_is_told_and_nothing_is_changed(lab: Laboratory) -> None:
    """Port 9 of the web server's machine refuses; the answers lie in the ramdisk, and the source has the network up."""
    disk = lab.disk(data=DATA)
    before = fingerprint(disk)
    lab.add_to_image(
        {"answers.xml": answerfile("http://10.0.2.2:9/xs", primary_disk="<primary-disk>vda</primary-disk>")}
    )
    second_port = lab.directory / "ttyS1"
    hardware = replace(lab.hardware(disk), extra=("-rtc", f"base={CLOCK}", "-serial", f"file:{second_port}"))
    words = "answerfile=file:///answers.xml install"
    machine = lab.boot_image(hardware, words, console="quiet console=ttyS1 console=ttyS0,115200 output=ttyS0")
    said = machine.wait_for(SHELL, SHELL_S)
    machine.wait_for(SHELL_PROMPT)
    for text in (said, second_port.read_text(encoding="utf-8", errors="replace")):
        assert "http://10.0.2.2:9/xs" in text and "refuses the connection" in text
        assert "Nothing was changed." in text and "THE INSTALLATION FAILED (exit status 1" in text
    assert "10.0.2.2:9" in in_shell(machine, "cat /install/tmp/install.log")
    _hardware_clock_is_taken_for_utc(machine)
    _vlan_is_tagged(machine)
    machine.close()
    assert fingerprint(disk) == before


def _hardware_clock_is_taken_for_utc(machine: VirtualMachine) -> None:
    day, hour = CLOCK[:10], CLOCK[11:14]
    assert f"{day} {hour}" in in_shell(machine, "date '+%F %T %Z'")
    assert f"{day} {hour}" in in_shell(machine, "head -n 1 /install/tmp/init.log")


def _vlan_is_tagged(machine: VirtualMachine) -> None:
    said = in_shell(machine, "/usr/lib/installer/network eth0.7 static 10.1.3.3/24 10.1.3.1")
    assert "eth0.7: 10.1.3.3/24, static" in said and "shell-result 0" in said
    tagged = in_shell(machine, "ip -details -o link show type vlan")
    assert "eth0.7@eth0" in tagged and re.search(r"vlan protocol 802\.1Q id 7\b", tagged)


def test_wrong_words_are_said_on_every_console_and_nothing_is_begun(lab: Laboratory) -> None:
    disk, second_port = lab.disk(data=DATA), lab.directory / "ttyS1"
    before = fingerprint(disk)
    hardware = replace(lab.hardware(disk), extra=("-serial", f"file:{second_port}"))
    machine = lab.boot_image(hardware, f"answerfle={lab.base}answers.xml install tttyS0")
    said = machine.wait_for(SHELL, SHELL_S)
    machine.wait_for(SHELL_PROMPT)
    assert "shell-result 0" in in_shell(machine, "test ! -e /install/tmp/install.log")
    machine.close()
    for text in (said, second_port.read_text(encoding="utf-8", errors="replace")):
        assert "did you mean `answerfile`?" in text
        assert "the word `tttyS0` alone does nothing" in text
        assert "The installation was not begun" in text and "Nothing was changed." in text
    assert fingerprint(disk) == before


def test_machine_without_a_nic_stays_and_says_so(lab: Laboratory) -> None:
    disk = lab.disk(data=DATA)
    before = fingerprint(disk)
    machine = lab.boot_image(replace(lab.hardware(disk), macs=()), f"answerfile={lab.base}answers.xml install")
    said = machine.wait_for(SHELL, SHELL_S)
    machine.wait_for(SHELL_PROMPT)
    assert "there is no network" in said and "this machine has no NIC" in said
    assert "Nothing was changed." in said and DONE not in said
    machine.close()
    assert fingerprint(disk) == before


def test_machine_without_a_disk_stays_and_says_so(lab: Laboratory) -> None:
    small_repository(lab.served / "repository")
    text = answerfile(f"{lab.base}repository", primary_disk="<primary-disk>vda</primary-disk>")
    machine = lab.boot_image(lab.hardware(), f"answerfile={lab.serve('answers.xml', text)} install")
    said = machine.wait_for(SHELL, SHELL_S)
    machine.wait_for(SHELL_PROMPT)
    reason = "this machine has no disk vda (it has no disks)"
    assert reason in said and DONE not in said
    assert reason in in_shell(machine, "cat /install/tmp/install.log")


def test_starts_under_xen_with_the_installer_on_its_console(lab: Laboratory) -> None:
    machine = lab.boot_image(lab.hardware(lab.disk()), "shell", under_xen=True)
    machine.wait_for(r"A shell, as the word `shell` asks", SHELL_S)
    machine.wait_for(SHELL_PROMPT)
    said = in_shell(machine, "cat /sys/hypervisor/type; tty; stty size; installer --record-machine -")
    assert "xen" in said and "/dev/hvc0" in said and "24 80" in said
    assert '"port": 0' in said and '"speed": 115200' in said
    assert '"path": "/dev/vda"' in said and '"name": "eth0"' in said
