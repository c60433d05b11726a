"""Kernel words in the boot image: drivers, NICs, their names and addresses, VLANs, and what comes after the end."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from tests.backend.small_repository import small_repository
from tests.end_to_end.command import answerfile
from tests.end_to_end.disk_image import partitions, read_file
from tests.end_to_end.laboratory import INSTALL_S, SHELL, SHELL_PROMPT, SHELL_S, Laboratory, in_shell
from tests.end_to_end.tagged_network import tagged_network

pytestmark = [pytest.mark.vm, pytest.mark.rare]
MACS = ("52:54:00:00:00:01", "52:54:00:00:00:02")
NOWHERE = "answerfile=http://10.0.2.2:9/answers.xml install"  # nobody listens there
TAG = 7
STATIC = "static:ip=10.0.2.77;netmask=255.255.255.0;gateway=10.0.2.2;dns=10.0.2.3"


def test_drivers_are_refused_and_loaded_as_the_words_say(lab: Laboratory) -> None:
    """The NIC is an e1000, which is not used; a module that is not in the image is told."""
    machine = lab.boot_image(lab.hardware(lab.disk()), "shell blacklist=e1000,nosuch extramodules=raid1,absent")
    said = machine.wait_for(SHELL_PROMPT, SHELL_S)
    assert "blacklist=nosuch: there is no such module" in said
    assert "extramodules=absent: " in said and "e1000:" not in said
    loaded = in_shell(machine, "ls /sys/class/net /sys/block; cat /proc/modules")
    assert "raid1 " in loaded and "vda" in loaded
    assert "eth0" not in loaded and not re.search(r"^e1000 ", loaded, re.MULTILINE)


def test_every_driver_is_asked_for(lab: Laboratory) -> None:
    """No is said to the NIC's, yes to all others: the disk is there, as its driver's devices are found in turn."""
    machine = lab.boot_image(lab.hardware(lab.disk()), "shell interactive-modules")
    asked = []
    while (said := machine.wait_for(rf"Load the driver (\w+)\? \[Y/n\] |{SHELL_PROMPT}", SHELL_S)).endswith("[Y/n] "):
        asked.append(said.split()[-2].rstrip("?"))
        machine.child.sendline("n" if asked[-1] == "e1000" else "")
    assert {"e1000", "virtio_blk", "virtio_pci"} <= set(asked)
    assert len(asked) == len(set(asked))
    found = in_shell(machine, "ls /sys/class/net /sys/block; cat /proc/modules")
    assert "vda" in found and "virtio_blk " in found
    assert "eth0" not in found and not re.search(r"^e1000 ", found, re.MULTILINE)


def test_unattended_run_with_named_nics_and_a_fixed_address(lab: Laboratory) -> None:
    """The answers come over the second NIC, called eth0 in the image; the host pins the names by MAC address."""
    small_repository(lab.served / "repository")
    text = answerfile(f"{lab.base}repository", primary_disk="<primary-disk>vda</primary-disk>")
    disk = lab.disk()
    names = f"map_netdev=eth0:{MACS[1]} map_netdev=eth1:{MACS[0]}"
    words = f'{names} network_device=eth0 "network_config={STATIC}" answerfile={lab.serve("answers.xml", text)} install'
    machine = lab.boot_image(replace(lab.hardware(disk), macs=MACS), f"{words} atexit=shell")
    machine.wait_for(SHELL, INSTALL_S)
    machine.wait_for(SHELL_PROMPT)
    assert "static" in in_shell(machine, "cat /install/tmp/init.log")
    shown = in_shell(machine, "ip -brief address; cat /sys/class/net/eth0/address /run/resolv.conf")
    assert "10.0.2.77/24" in shown and "10.0.2.15" not in shown
    assert MACS[1] in shown and "nameserver 10.0.2.3" in shown
    tagged = in_shell(
        machine, "/usr/lib/installer/network all.7 static 10.1.2.3/24 10.1.2.1; ip -d link show type vlan"
    )
    assert "eth0.7: 10.1.2.3/24, static" in tagged and "802.1Q id 7" in tagged
    machine.close()
    root = partitions(disk)[0]
    scripts = "/etc/sysconfig/network-scripts"
    for name, mac in zip(("eth0", "eth1"), reversed(MACS), strict=True):
        assert f"HWADDR={mac.upper()}" in read_file(disk, root, f"{scripts}/ifcfg-{name}").upper()


def test_nic_that_is_not_there_stops_an_unattended_run(lab: Laboratory) -> None:
    machine = lab.boot_image(
        lab.hardware(lab.disk()), f"map_netdev=eth0:{MACS[1]} answerfile=http://10.0.2.2/a install"
    )
    said = machine.wait_for(SHELL, SHELL_S)
    assert f"eth0: this machine has no NIC {MACS[1]}; it has: eth0 52:54:00:12:34:56" in said
    assert "Nothing was changed" in said


def test_only_the_nic_of_the_words_is_brought_up(lab: Laboratory) -> None:
    """By its MAC address, as somebody copies it from a label."""
    device = MACS[1].upper().replace(":", "-")
    machine = lab.boot_image(replace(lab.hardware(lab.disk()), macs=MACS), f"network_device={device} {NOWHERE}")
    machine.wait_for(SHELL_PROMPT, SHELL_S)
    shown = in_shell(machine, "ip -4 -brief address")
    assert re.search(r"^eth1\s+UP\s+10\.0\.2\.15/24", shown, re.MULTILINE)
    assert not re.search(r"^eth0\s+(UP|.*10\.0)", shown, re.MULTILINE)


def test_all_nics_are_brought_up_and_the_machine_is_switched_off_after_its_installation(lab: Laboratory) -> None:
    """It would start anew otherwise: nothing keeps it from that."""
    small_repository(lab.served / "repository")
    text = answerfile(f"{lab.base}repository", primary_disk="<primary-disk>vda</primary-disk>")
    words = f"network_device=all answerfile={lab.serve('answers.xml', text)} install atexit=poweroff"
    machine = lab.boot_image(replace(lab.hardware(lab.disk()), macs=MACS, no_reboot=False), words)
    said = machine.wait_for_end(INSTALL_S)
    assert (
        "Bringing up the network: all" in said and "The installation is complete; the machine is switched off" in said
    )
    assert said.count("The installation image has started") == 1


@pytest.mark.parametrize(
    ("config", "address"),
    [
        pytest.param(f"dhcp:vlan={TAG}", "10.0.2.15", id="dhcp"),
        pytest.param(f"{STATIC};vlan={TAG}", "10.0.2.77", id="static"),
    ],
)
def test_answers_come_through_a_vlan(lab: Laboratory, config: str, address: str) -> None:
    """Nothing passes without the tag. The answers name a source that is not there: that it is said proves the road."""
    text = answerfile("http://10.0.2.2:9/xs")
    words = f'"network_config={config}" answerfile={lab.serve("answers.xml", text)} install'
    with tagged_network(lab.directory, TAG) as cable:
        machine = lab.boot_image(replace(lab.hardware(lab.disk()), macs=(), extra=cable), words)
        said = machine.wait_for(SHELL_PROMPT, SHELL_S)
        assert "10.0.2.2:9 refuses the connection" in said and "Nothing was changed" in said
        shown = in_shell(machine, "ip -details -oneline link show type vlan; ip -4 -brief address")
        machine.close()
    assert f"802.1Q id {TAG}" in shown
    assert re.search(rf"^eth0\.{TAG}@eth0\s+UP\s+{re.escape(address)}/24", shown.replace("\r", ""), re.MULTILINE)
