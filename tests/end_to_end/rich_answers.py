"""An answerfile that asks for much, and the checks on a booted host that all of it is there."""

from __future__ import annotations

import re
from pathlib import Path

from tests.end_to_end.command import PASSWORD
from tests.end_to_end.virtual_machine import VirtualMachine

SCRIPT = '#!/bin/sh\nset -e\ntest -d "$1/etc"\necho "argument $1" > "$1/root/post-install-ran"\n'
ANSWERFILE = f"""<?xml version="1.0"?>
<installation>
  <primary-disk>{{disk}}</primary-disk>
  <keymap>de</keymap>
  <root-password>{PASSWORD}</root-password>
  <source type="url">{{base}}repository</source>
  <post-install-script type="url">{{base}}post-install</post-install-script>
  <admin-interface name="eth0" proto="dhcp"/>
  <timezone>Europe/London</timezone>
  <hostname>xen07.example.org</hostname>
</installation>
"""


def serve_answers(served: Path, base: str, disk: str) -> str:
    """Write answerfile and script into a directory that is served at `base`; returns the answerfile's address."""
    served.joinpath("post-install").write_text(SCRIPT, encoding="utf-8")
    served.joinpath("answers.xml").write_text(ANSWERFILE.format(base=base, disk=disk), encoding="utf-8")
    return f"{base}answers.xml"


def answers_are_in_force(host: VirtualMachine, disk: str) -> None:
    """Look at everything that the answers asked for, on a booted host where root has logged in."""
    assert re.search(r"^xen_major +: 4$", host.run("xl info"), re.MULTILINE)
    sizes = host.run(f"lsblk -bno SIZE /dev/{disk}1 /dev/{disk}2").split()
    assert sizes == [str(4096 * 2**20)] * 2
    assert re.fullmatch(r"VG_XenStorage-[0-9a-f-]{36}", host.run("vgs --noheadings -o vg_name").strip())
    assert re.search(r"10\.0\.2\.15/24", host.until("ip -4 -br addr show xenbr0", r"10\.0\.2\.15"))
    assert "master xenbr0" in host.run("ip link show eth0")
    host.until("cat /etc/resolv.conf", r"nameserver 10\.0\.2\.3")
    inventory = host.run("cat /etc/xensource-inventory")
    for entry in (
        "PRODUCT_VERSION='4.0.1'",
        "MANAGEMENT_INTERFACE='xenbr0'",
        "KERNEL_VERSION='6.",
        "DEFAULT_SR_UUID='",
    ):
        assert entry in inventory
    assert host.run("readlink -f /etc/localtime") == "/usr/share/zoneinfo/Europe/London"
    assert host.run("hostname") == "xen07.example.org"
    assert "KEYTABLE=de" in host.run("cat /etc/sysconfig/keyboard")
    # on a German keyboard the key right of T (code 21) gives z
    assert re.search(r"= \+?z", host.until("dumpkeys -C /dev/tty1 | grep -w 'keycode *21'", "z"))
    assert host.run("cat /root/post-install-ran").startswith("argument /")
    assert "/var/swap/swap.001" in host.run("swapon --show=NAME --noheadings")
    assert host.run("readlink /lib") == "usr/lib"
    assert "grub-bios-setup" in host.run("cat /var/log/installer/install.log")
    assert PASSWORD not in host.run("cat /var/log/installer/install.log")
    assert host.run("systemctl --failed --no-legend") == ""
