"""The boot image on a UEFI machine: the firmware itself gets a boot entry, one however often it is installed."""

from __future__ import annotations

import re
import shutil
from dataclasses import replace

import pytest

from installer.model.host import Firmware
from tests.backend.small_repository import small_repository
from tests.end_to_end.command import answerfile
from tests.end_to_end.laboratory import INSTALL_S, SHELL_PROMPT, Laboratory
from tests.end_to_end.virtual_machine import OVMF_VARIABLES, Hardware, VirtualMachine

pytestmark = pytest.mark.vm
ENTRY = re.compile(r"Boot([0-9A-F]{4})\* XenServer\s+HD\(4,GPT,([0-9a-f-]{36}),.*grubx64\.efi")


def _in_shell(machine: VirtualMachine, command: str, timeout_s: float = INSTALL_S) -> str:
    machine.child.sendline(f"{command}; echo shell''-result $?")
    said = machine.wait_for(r"shell-result \d+", timeout_s).replace("\r", "")
    machine.wait_for(SHELL_PROMPT)
    return said


def _entry(machine: VirtualMachine) -> tuple[str, str]:
    """Return number and partition of the one entry of ours, which is first in the order and the next to start."""
    said = _in_shell(machine, "efibootmgr --verbose")
    ((number, partition),) = ENTRY.findall(said)
    assert f"BootNext: {number}\n" in said
    assert re.search(rf"^BootOrder: {number}\b", said, re.MULTILINE)
    return number, partition


def test_firmware_gets_one_boot_entry_that_leads_to_the_new_esp(lab: Laboratory) -> None:
    small_repository(lab.served / "repository")
    text = answerfile(f"{lab.base}repository", primary_disk="<primary-disk>vda</primary-disk>")
    answers = lab.serve("answers.xml", text)
    variables = lab.directory / "variables"
    shutil.copyfile(OVMF_VARIABLES, variables)
    hardware = replace(lab.hardware(lab.disk()), firmware=Firmware.UEFI, variables=variables)
    machine = lab.boot_image(hardware, f"answerfile={answers} install atexit=shell")
    said = machine.wait_for(SHELL_PROMPT, INSTALL_S)
    assert re.search(r"Installed in \d+ s", said) and "took no boot entry" not in said
    _, first = _entry(machine)
    assert "shell-result 0" in _in_shell(machine, f"installer --answerfile {answers} install")
    _, second = _entry(machine)
    assert second != first
    assert second in _in_shell(machine, "blkid --probe --output value --match-tag PART_ENTRY_UUID /dev/vda4")
    _in_shell(machine, "sync")
    machine.close()
    _entry_is_started(lab, hardware, second)


def _entry_is_started(lab: Laboratory, hardware: Hardware, partition: str) -> None:
    """Start from the disk, first by BootNext, then by BootOrder; the firmware says what it starts, then GRUB is there.

    Without the entry it would start the disk itself, by the path for removable media.
    """
    started = re.escape(f'"XenServer" from HD(4,GPT,{partition.upper()},') + r".*grubx64\.efi"
    for _ in range(2):
        machine = lab.start(hardware)
        machine.wait_for(rf"BdsDxe: starting Boot[0-9A-F]{{4}} {started}")
        machine.wait_for(r"GRUB")
        machine.close()
