"""An answerfile that asks for much, and the checks on a booted host that all of it is there."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory

from installer.model.wishes import StorageType
from tests.end_to_end.command import PASSWORD
from tests.end_to_end.virtual_machine import VirtualMachine
from tests.needs import needs

# also leaves the private half of root's key on the host, which is to log in to itself with it
SCRIPT = """#!/bin/sh
set -e
test -d "$1/etc"
echo "argument $1" > "$1/root/post-install-ran"
umask 077
cat > "$1/root/test-key" <<'END'
{key}END
"""
SSH = "ssh -i /root/test-key -o BatchMode=yes -o PasswordAuthentication=no -o StrictHostKeyChecking=no root@localhost"
ANSWERFILE = f"""<?xml version="1.0"?>
<installation sr-type="{{storage}}">
  <primary-disk>{{disk}}</primary-disk>
  <keymap>de</keymap>
  <root-password>{PASSWORD}</root-password>
  <source type="url">{{base}}repository</source>
  <post-install-script type="url">{{base}}post-install</post-install-script>
  <admin-interface name="eth0" proto="dhcp"/>
  <timezone>Europe/London</timezone>
  <hostname>xen07.example.org</hostname>
  <ssh-key>{{key}}</ssh-key>
  <ssh>{{ssh}}</ssh>
</installation>
"""


def serve_answers(
    served: Path, base: str, disk: str, *, ssh: bool = True, storage: StorageType = StorageType.LVM
) -> str:
    """Write answerfile and script into a directory that is served at `base`; returns the answerfile's address."""
    private, public = _new_key()
    served.joinpath("post-install").write_text(SCRIPT.format(key=private), encoding="utf-8")
    words = {"disk": disk, "key": public, "ssh": "on" if ssh else "off", "storage": storage.value}
    text = ANSWERFILE.format(base=base, **words)
    served.joinpath("answers.xml").write_text(text, encoding="utf-8")
    return f"{base}answers.xml"


def _new_key() -> tuple[str, str]:
    """Return the private and the public half of a new ssh key."""
    needs("ssh-keygen")
    with TemporaryDirectory() as directory:
        path = Path(directory, "key")
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "test", "-f", str(path)], check=True)
        return path.read_text(encoding="ascii"), path.with_suffix(".pub").read_text(encoding="ascii").strip()


def answers_are_in_force(host: VirtualMachine, disk: str, *, ssh: bool = True) -> None:
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
    _ssh_is_in_force(host, on=ssh)
    assert host.run("systemctl --failed --no-legend") == ""


def _ssh_is_in_force(host: VirtualMachine, *, on: bool) -> None:
    """Root logs in to the host itself by the key, or nobody listens; the server's own keys are made at first boot."""
    if on:
        host.until(f"{SSH} 'echo by key as $(id -un)'", r"by key as root")
        return
    assert "Connection refused" in host.run(f"{SSH} true")
    assert host.run("systemctl is-enabled ssh.service") == "masked"
