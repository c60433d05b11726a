"""A host is installed over in a virtual machine: its guests' storage, its identity and its settings are kept."""

from __future__ import annotations

import hashlib
import re
import subprocess
from pathlib import Path

import pytest

from tests.backend.small_repository import small_repository
from tests.end_to_end.command import PASSWORD, answerfile, installer
from tests.end_to_end.disk_image import partitions, read_file
from tests.end_to_end.laboratory import INSTALL_S, Laboratory
from tests.end_to_end.over_host import KEPT_ENTRIES, VOLUME, entries, part_sha256, what_is_kept
from tests.end_to_end.virtual_machine import Bus
from tests.end_to_end.volumes import add_volumes
from tests.needs import needs
from tests.seen import seen

pytestmark = [pytest.mark.vm, pytest.mark.root]
DONE = "the machine restarts"
REINSTALL = """\
<installation mode="reinstall">
  <existing-installation>sda</existing-installation>
  <source type="url">{base}repository</source>
</installation>
"""
SCRIPTS = "etc/sysconfig/network-scripts"
ROUTES = f"{SCRIPTS}/route-xenbr0"


def _old_host(lab: Laboratory) -> tuple[Path, dict[str, str]]:
    """Install a small host at a desk and use it; returns its disk and what must be the same on the new one.

    It has no programs: what comes of it is what the installer finds. A host that was started and used is installed
    over in test_reinstall_and_restore.py.
    """
    disk = lab.directory / "host.img"
    source = f'<source type="url">{small_repository(lab.directory / "old")}</source>'
    text = answerfile("", source=source, keymap="<keymap>de</keymap>", more="<hostname>xen07.example.org</hostname>")
    (lab.directory / "old.xml").write_text(text, encoding="utf-8")
    argv = ["--answerfile", "old.xml", "--target", disk.name, "--size", "16G", "install"]
    outcome = installer(*argv, cwd=lab.directory)
    assert outcome.code == 0, outcome.text
    root, _, storage = partitions(disk)
    (volume,) = add_volumes(disk, (storage.start_bytes, storage.size_bytes), (VOLUME,))
    with seen(disk, root.start_bytes, root.size_bytes, write=True) as tree:
        kept = _used(tree)
    return disk, {**kept, "volume": volume.sha256}


def _used(tree: Path) -> dict[str, str]:
    """Leave on a host what it has when it was used for a while."""
    needs("ssh-keygen")
    (tree / "root/custom").write_text("custom\n", encoding="utf-8")
    (tree / ROUTES).write_text("10.9.0.0/16 via 10.0.2.3\n", encoding="utf-8")
    (tree / "var/swap/swap.001").unlink()  # half a gigabyte more for the backup
    for directory in ("etc/xensource", "etc/iscsi", "etc/ssh", "root/.ssh"):
        (tree / directory).mkdir(exist_ok=True)
    (tree / "etc/xensource/ptoken").write_text("secret-of-the-pool\n", encoding="utf-8")
    (tree / "etc/xensource/ptoken").chmod(0o600)
    name = "InitiatorName=iqn.2026-11.org.example:h"
    (tree / "etc/iscsi/initiatorname.iscsi").write_text(f"{name}\n", encoding="utf-8")
    key = tree / "etc/ssh/ssh_host_ed25519_key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "host", "-f", str(key)], check=True)
    public = key.with_suffix(".pub").read_text(encoding="ascii").strip()
    (tree / "root/.ssh/authorized_keys").write_text(f"{public}\n", encoding="ascii")
    scripts = (path.read_text(encoding="ascii") for path in sorted((tree / SCRIPTS).glob("ifcfg-*")))
    shadow = (tree / "etc/shadow").read_text(encoding="ascii")
    hashed = next(line.split(":")[1] for line in shadow.splitlines() if line.startswith("root:"))
    return {
        "host name": "xen07.example.org",
        "ssh host key": public,
        "keys of root": public,
        "time zone": "/usr/share/zoneinfo/Europe/London",
        "keymap": (tree / "etc/sysconfig/keyboard").read_text(encoding="ascii").strip(),
        "network": "".join(scripts).strip(),
        "password": hashlib.sha256(f"{hashed}\n".encode()).hexdigest(),
        "pool": "600 0\nsecret-of-the-pool",
        "iSCSI name": name,
    }


@pytest.mark.parametrize("backed_up", [True, pytest.param(False, id="no-backup", marks=pytest.mark.rare)])
def test_host_is_installed_over_and_starts_with_its_guests(lab: Laboratory, repository: Path, backed_up: bool) -> None:
    """Every byte of the guest storage stays, who the host is and its settings too; the old one is the backup."""
    lab.served.joinpath("repository").symlink_to(repository.resolve())
    disk, kept = _old_host(lab)
    root, backup, storage = partitions(disk)
    guests, inventory = part_sha256(disk, storage), entries(read_file(disk, root, "/etc/xensource-inventory"))

    xml = REINSTALL if backed_up else REINSTALL.replace("<installation", '<installation backup="no"')
    answers = lab.serve("over.xml", xml.format(base=lab.base))
    machine = lab.boot_image(lab.hardware(disk, bus=Bus.IDE), f"answerfile={answers} install")
    said = machine.wait_for_end(INSTALL_S)
    assert DONE in said, said[-2000:]
    assert re.search(rf"not kept: the routes in /{ROUTES}", said)
    assert (root, backup, storage) == partitions(disk)
    assert part_sha256(disk, storage) == guests
    now = entries(read_file(disk, root, "/etc/xensource-inventory"))
    assert {name: now[name] for name in KEPT_ENTRIES} == {name: inventory[name] for name in KEPT_ENTRIES}
    assert now["INSTALLATION_DATE"] != inventory["INSTALLATION_DATE"]
    assert (read_file(disk, backup, "/root/custom") == "custom\n") is backed_up
    assert not read_file(disk, backup, "/.xen-installer/journal")

    host = lab.start(lab.hardware(disk, bus=Bus.IDE, memory_mib=1536))
    host.log_in(PASSWORD)
    assert what_is_kept(host) == kept
    assert "No such file" in host.run("ls /root/custom")
    assert host.run("systemctl --failed --no-legend") == ""
