"""Hosts that XenServer 3.2 and 4.0 installed are installed over in a virtual machine, and start (spec R54)."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.end_to_end.command import PASSWORD
from tests.end_to_end.disk_image import partitions, read_file
from tests.end_to_end.laboratory import INSTALL_S, Laboratory
from tests.end_to_end.old_hosts import (
    DOM0_UUID,
    INSTALLATION_UUID,
    SR_UUID,
    XENSERVER_32,
    XENSERVER_40,
    OldHost,
    build_old_host,
)
from tests.end_to_end.over_host import entries
from tests.end_to_end.test_reinstall import DONE
from tests.end_to_end.virtual_machine import Bus
from tests.end_to_end.volumes import check_volumes

pytestmark = [pytest.mark.vm, pytest.mark.root, pytest.mark.rare]
OVER = """\
<installation mode="{mode}">
  <existing-installation>sda</existing-installation>
  <source type="url">{base}repository</source>
  <root-password>{password}</root-password>
</installation>
"""
MACS = ("00:16:3e:4a:00:01", "00:16:3e:4a:00:02")


@pytest.mark.parametrize(("mode", "old"), [("upgrade", XENSERVER_32), ("reinstall", XENSERVER_40)], ids=["3.2", "4.0"])
def test_old_host_is_installed_over_and_starts(lab: Laboratory, repository: Path, mode: str, old: OldHost) -> None:
    """Every volume is the same afterwards; who the host is and its settings too; the file names the volumes."""
    lab.served.joinpath("repository").symlink_to(repository.resolve())
    disk = lab.directory / "old.img"
    volumes = build_old_host(disk, old)
    answers = lab.serve("over.xml", OVER.format(mode=mode, base=lab.base, password=PASSWORD))
    hardware = replace(lab.hardware(disk, bus=Bus.AHCI), macs=MACS)
    said = lab.boot_image(hardware, f"answerfile={answers} install").wait_for_end(INSTALL_S)
    assert DONE in said, said[-3000:]
    assert check_volumes(disk, volumes) == []
    root, backup, _ = partitions(disk)
    inventory = entries(read_file(disk, root, "/etc/xensource-inventory"))
    assert (inventory["INSTALLATION_UUID"], inventory["CONTROL_DOMAIN_UUID"]) == (INSTALLATION_UUID, DOM0_UUID)
    assert (inventory["DEFAULT_SR_UUID"], inventory["PRODUCT_VERSION"]) == (SR_UUID, "4.0.1")
    assert entries(read_file(disk, backup, "/etc/xensource-inventory"))["PRODUCT_VERSION"] == old.version
    named = read_file(disk, root, "/etc/xensource/kept-virtual-machines") if mode == "upgrade" else ""
    assert mode != "upgrade" or all(volume.name in named for volume in volumes)
    host = lab.start(replace(lab.hardware(disk, bus=Bus.AHCI, memory_mib=1536), macs=MACS))
    host.log_in(PASSWORD)
    assert host.run("hostname") == old.hostname
    assert host.run("readlink -f /etc/localtime") == "/usr/share/zoneinfo/Europe/Berlin"
    assert "KEYTABLE=de" in host.run("cat /etc/sysconfig/keyboard")
    address = "10.1.2.3/24" if old.static else "10.0.2.15/24"
    assert address in host.until("ip -4 -br addr show xenbr0", address.replace(".", r"\."))
    shown = host.run("lvs --noheadings -o lv_name")
    assert sorted(shown.split()) == sorted(volume.name for volume in volumes)
    assert host.run("systemctl --failed --no-legend") == ""
    assert check_volumes(disk, volumes) == []
