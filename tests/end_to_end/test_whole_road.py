"""The whole road: an answerfile and a repository go in, a host that boots Xen and runs a guest comes out."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from tests.end_to_end.command import PASSWORD
from tests.end_to_end.conftest import Installed
from tests.end_to_end.rich_answers import answers_are_in_force
from tests.end_to_end.virtual_machine import VirtualMachine

pytestmark = [pytest.mark.vm, pytest.mark.root]
Boot = Callable[..., VirtualMachine]
GUEST_S = 900.0


def test_no_secret_in_what_the_installer_printed_and_logged(installed: Installed) -> None:
    log = installed.log.read_text(encoding="utf-8")
    assert "chpasswd" in log
    assert PASSWORD not in log and PASSWORD not in installed.output


def test_installed_host_boots_runs_a_guest_and_takes_changed_settings(boot: Boot) -> None:
    """The answers are in force, a guest runs on storage and bridge, edited files work after one reboot."""
    host = boot()
    host.wait_for(r"Management address: 10\.0\.2\.15 \(xenbr0\)")  # agetty prints it anew when there is one
    host.log_in(PASSWORD)
    answers_are_in_force(host, "sda")
    _nothing_of_the_build_machine_is_shipped(host)
    _guest_writes_its_disk_and_gets_an_address(host)
    memory = int(host.run("xl list | awk '$1 == \"Domain-0\" { print $3 }'"))
    _change_settings(host)
    host.child.sendline("reboot")
    host.log_in(PASSWORD)
    _changed_settings_are_in_force(host, memory)


def _nothing_of_the_build_machine_is_shipped(host: VirtualMachine) -> None:
    """Host keys and machine id came into being at this first boot."""
    started = int(host.run("stat -c %Y /var/log/installer/install.log"))
    made = int(host.until("stat -c %Y /etc/ssh/ssh_host_ed25519_key", r"^\d+$"))
    assert made >= started
    assert re.fullmatch(r"[0-9a-f]{32}", host.run("cat /etc/machine-id"))


def _guest_writes_its_disk_and_gets_an_address(host: VirtualMachine) -> None:
    """The guest's own words, read from the volume past the control domain's cache."""
    group = host.run("vgs --noheadings -o vg_name").strip()
    host.run(f"lvcreate -qq -y -L 64M -n guest {group}")
    host.run(f"/opt/xensource/bin/xs-linux-guest --wait /dev/{group}/guest xenbr0", GUEST_S)
    result = host.run(f"dd if=/dev/{group}/guest bs=4096 count=1 iflag=direct 2>/dev/null | tr -d '\\0'")
    assert re.search(r"address=10\.0\.2\.\d+ ", result), result
    assert "ping=yes" in result and f"disk_bytes={64 * 2**20}" in result


def _change_settings(host: VirtualMachine) -> None:
    script = "/etc/sysconfig/network-scripts/ifcfg-xenbr0"
    host.run(f"sed -i 's/^BOOTPROTO=.*/BOOTPROTO=none/' {script}")
    host.run(f"printf 'IPADDR=10.0.2.77\\nNETMASK=255.255.255.0\\nGATEWAY=10.0.2.2\\n' >> {script}")
    host.run("sed -i 's/^XAPI_DOM0_MEM_GRADIENT=.*/XAPI_DOM0_MEM_GRADIENT=0.5/' /etc/sysconfig/xapi")


def _changed_settings_are_in_force(host: VirtualMachine, memory_before: int) -> None:
    assert "10.0.2.77/24" in host.until("ip -4 -br addr show xenbr0", r"10\.0\.2\.77")
    memory = int(host.run("xl list | awk '$1 == \"Domain-0\" { print $3 }'"))
    assert memory > memory_before
    assert memory == int(126 + 0.5 * 1500)
