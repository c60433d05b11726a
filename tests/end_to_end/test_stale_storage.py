"""Stale storage of every kind in a virtual machine: running and resting, on chosen disks and on one that is not."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

import pytest

from backend.probe.contents import Contents, read_contents
from backend.real_system import RealSystem
from installer.model.machine_file import load_host
from installer.model.storage import Signature
from tests.backend.small_repository import small_repository
from tests.backend.stale import GIB, MIB, write_zfs
from tests.end_to_end.command import answerfile
from tests.end_to_end.laboratory import INSTALL_S, SHELL_PROMPT, SHELL_S, Laboratory
from tests.end_to_end.virtual_machine import PROMPT, VirtualMachine
from tests.needs import needs

pytestmark = pytest.mark.vm
POOL_START, POOL_BYTES = 5 * GIB, 2 * GIB
PREPARE = (
    # the primary disk: an array that runs with a volume group on it, one that rests, an old pool, GPT at both ends
    f"printf 'label: gpt\\n2048,1G\\n,3G\\n{POOL_START // 512},{POOL_BYTES // 512}' | sfdisk -q -w never /dev/vda",
    "udevadm settle",
    "yes | mdadm --create /dev/md0 --level 1 --metadata 1.2 --raid-devices 2 /dev/vda1 missing --run",
    "yes | mdadm --create /dev/md1 --level 1 --metadata 1.0 --raid-devices 2 /dev/vda2 missing --run",
    "mdadm --stop /dev/md1",
    "pvcreate --quiet /dev/md0 && vgcreate --quiet old /dev/md0 && lvcreate --quiet --yes -L 64M -n lv old",
    # the guest disk forms a group with one that is not chosen, which has a group and an array of its own as well
    "printf 'label: dos\\n2048,20M,8e\\n,20M,8e\\n,,fd\\n' | sfdisk --quiet /dev/vdc",
    "udevadm settle",
    "yes | mdadm --create /dev/md2 --level 1 --metadata 1.2 --raid-devices 2 /dev/vdc3 missing --run",
    "mdadm --stop /dev/md2",
    "pvcreate --quiet /dev/vdb /dev/vdc1 /dev/vdc2 && vgcreate --quiet shared /dev/vdb /dev/vdc1",
    "vgcreate --quiet keep /dev/vdc2 && lvcreate --quiet --yes -L 8M -n lv keep",
    "vgchange --quiet --activate n keep",
    # a group that is in use, on a disk of its own
    "pvcreate --quiet /dev/vdd && vgcreate --quiet used /dev/vdd && lvcreate --quiet --yes -L 8M -n lv used",
    "mkfs.ext3 -q /dev/used/lv && mkdir /used && mount -o ro /dev/used/lv /used",
    # by its name and UUID a multipath device, as far as anybody can tell; last, for LVM must not see it
    "dmsetup create mpatha --uuid mpath-0QEMU_disk1 --table '0 524288 linear /dev/vdb 0'",
    "udevadm settle",
)


def groups(contents: Contents) -> set[str]:
    """Return the names of all groups that are found on a disk."""
    return {one.group for part in contents.parts for one in part.signatures if one.group}


def signature(contents: Contents, number: int) -> Signature:
    """Return the only signature of a partition."""
    ((found,),) = (part.signatures for part in contents.parts if part.number == number)
    return found


def test_chosen_disks_are_taken_apart_and_the_other_is_not_touched(lab: Laboratory, tmp_path: Path) -> None:
    needs("blkid", "partx", "wipefs")
    primary, other = lab.disk("primary"), lab.disk("other", size_bytes=64 * MIB)
    used = lab.disk("used", size_bytes=64 * MIB)
    disks = (primary, lab.disk("guest", size_bytes=256 * MIB), other, used)
    write_zfs(primary, "tank", start=POOL_START, size=POOL_BYTES)
    small_repository(lab.served / "repository")
    more = "<guest-disk>vdb</guest-disk><erase-shared-storage>yes</erase-shared-storage>"
    text = answerfile(f"{lab.base}repository", primary_disk="<primary-disk>vda</primary-disk>", more=more)
    words = f"answerfile={lab.serve('answers.xml', text)} install shell atexit=shell"
    vm = lab.boot_image(lab.hardware(*disks), words)
    vm.wait_for(r"A shell, as the word `shell` asks", SHELL_S)
    vm.wait_for(SHELL_PROMPT)
    vm.child.sendline("stty -echo cols 200; PS1='xs-''test# '; bind 'set enable-bracketed-paste off'")
    vm.wait_for(PROMPT)
    outputs = [vm.run(f"{line}; echo status $?") for line in PREPARE]
    assert [output for output in outputs if "status 0" not in output] == []
    machine = vm.run("installer --record-machine -")
    before = re.findall(r"[0-9a-f]{64}", vm.run("sync; sha256sum /dev/vdc /dev/vdd"))
    vm.child.sendline("exit")
    check_run(vm.wait_for(SHELL_PROMPT, INSTALL_S))
    check_facts(machine[machine.index("{") :])
    check_nothing_runs(vm)
    assert [hashlib.sha256(disk.read_bytes()).hexdigest() for disk in (other, used)] == before
    check_all_could_run(vm)
    vm.close()
    system = RealSystem(lambda _: None, tmp_path)
    check_disks(*(read_contents(system, str(path)) for path in disks[:3]))


def check_facts(text: str) -> None:
    """What the probe told before."""
    host = load_host(text, "recorded")
    vda, vdb, vdc, vdd = host.disks
    assert [disk.excluded for disk in (vda, vdb, vdc)] == ["", "", ""]
    assert "carries the mounted file system /used" in vdd.excluded
    assert [(one.name, one.kind.value, one.disks) for one in vda.holders] == [
        ("old-lv", "lvm", ("vda",)),
        ("md0", "md", ("vda",)),
    ]
    assert vda.contents == (
        "GPT: 3 partitions (member of the array installer:0 (1 of 2 devices present),"
        " member of the array installer:1 (1 of 2 devices present), ZFS pool tank)"
    )
    assert vdb.contents == "LVM: shared also on vdc"
    assert [(one.name, one.kind.value) for one in vdb.holders] == [("mpatha", "multipath")]
    assert vdc.holders == ()
    assert vdc.contents == (
        "MBR: 3 partitions (LVM: shared also on vdb, LVM: keep,"
        " member of the array installer:2 (1 of 2 devices present))"
    )


def check_nothing_runs(vm: VirtualMachine) -> None:
    """What runs after the installation: nothing of the disk that was not chosen, and nothing old of the chosen ones."""
    vm.child.sendline("stty -echo cols 200; PS1='xs-''test# '; bind 'set enable-bracketed-paste off'")
    vm.wait_for(PROMPT)
    vm.run("udevadm settle; sync")
    assert not re.search(r"^(keep|shared|old|mpath)", vm.run("dmsetup ls"), re.MULTILINE)
    assert not re.search(r"^md", vm.run("cat /proc/mdstat"), re.MULTILINE)
    assert "used-lv" in vm.run("dmsetup ls") and " /used ext" in vm.run("cat /proc/mounts")


def check_all_could_run(vm: VirtualMachine) -> None:
    """Group and array of the disk that was not chosen are whole: only that nobody started them kept them still."""
    assert '1 logical volume(s) in volume group "keep" now active' in vm.run("vgchange --activate y keep")
    assert "keep-lv" in vm.run("dmsetup ls")
    assert "has been started" in vm.run("mdadm --assemble --run --readonly /dev/md2 /dev/vdc3")
    assert re.search(r"^md2 ", vm.run("cat /proc/mdstat"), re.MULTILINE)


def check_run(said: str) -> None:
    """What was told while it ran."""
    assert re.search(r"Installed in \d+ s", said)
    order = (
        "the volume group shared on vdb and vdc is destroyed with vdb; vdc is not written",
        "stop the logical volume old-lv of the volume group old",
        "stop the array md0",
        "flush the multipath device mpatha",
        "check that vda is unused",
        "erase the 3 partitions of vda",
        "erase what is on vda",
        "erase what is on vdb",
        "make the volume group VG_XenStorage-",
    )
    places = [said.find(words) for words in order]
    assert -1 not in places and places == sorted(places), list(zip(order, places, strict=True))


def check_disks(primary: Contents, guest: Contents, other: Contents) -> None:
    """What is on the disks afterwards."""
    assert primary.table == "dos" and [part.number for part in primary.parts] == [1, 2, 3]
    assert signature(primary, 1).label.startswith("root-") and signature(primary, 1).type == "ext3"
    assert not primary.parts[1].signatures
    (storage,) = groups(primary)
    assert storage.startswith("VG_XenStorage-") and groups(guest) == {storage}
    assert signature(guest, 0).members == 2
    assert groups(other) == {"shared", "keep", "installer:2"}
