"""What an installation over a host and a restore are careful about, on plans and on the recording double."""

from __future__ import annotations

from dataclasses import replace

import pytest

from backend.installation import Circumstances
from backend.planner import make_plan
from backend.recording import RecordingSystem
from backend.restoration import prepare_restore
from backend.steps.access import AUTHORIZED_KEYS, AddKeys
from backend.steps.backup import CheckOldHost
from backend.system import Place, Room
from installer.model.check_storage import check_storage
from installer.model.errors import AnswersError, DeviceError, DiskRefused
from installer.model.existing import Backup, BackupMaker
from installer.model.host import Nic
from installer.model.keep_settings import keep_settings, with_old_names
from installer.model.storage import Part, Signature
from installer.model.units import GIB
from installer.model.wishes import Existing, Mode
from tests.backend.run_plan import recording_session
from tests.backend.sample import HOST, OLD_HOST, OLD_SDA, SDB, VARIANTS
from tests.recorded_machine import BRAND

OVER = VARIANTS["over-host"]
SPAN = Signature("LVM2_member", "", "p9", "VG_XenStorage-99999999-9999-4999-8999-999999999999", "g3", 2)


def test_a_gpt_that_no_bios_starts_is_refused_before_anything_is_written() -> None:
    gpt = replace(OLD_SDA, table="gpt")
    with pytest.raises(DiskRefused, match="a GPT without a BIOS boot partition"):
        make_plan(replace(OVER, host=replace(HOST, disks=(gpt, SDB))))


def test_guest_storage_on_a_disk_that_was_not_chosen_stays_in_one_piece() -> None:
    parts = (*OLD_SDA.parts[:2], replace(OLD_SDA.parts[2], signatures=(SPAN,)))
    second = replace(SDB, parts=(Part(0, 0, 20 * GIB, "", (SPAN,)),))
    host = replace(HOST, disks=(replace(OLD_SDA, parts=parts), second))
    assert not check_storage(OVER.answers, host)
    plan = "\n".join(make_plan(replace(OVER, host=host)).describe())
    assert "DEFAULT_SR_PHYSDEVS='/dev/sda3 /dev/disk/by-id/ata-QM00002'" in plan


def test_a_member_of_the_guest_storage_that_is_not_there_now_is_not_forgotten() -> None:
    assert OLD_HOST.storage
    installed = replace(OLD_HOST, storage=replace(OLD_HOST.storage, devices=("/dev/sda3", "/dev/sdz")))
    plan = "\n".join(make_plan(replace(OVER, installed=installed)).describe())
    assert "DEFAULT_SR_PHYSDEVS='/dev/sda3 /dev/sdz'" in plan


def test_nics_keep_the_names_that_the_old_host_gave_them() -> None:
    macs = ("52:54:00:00:00:0a", "52:54:00:00:00:0b", "52:54:00:00:00:0c")
    machine = replace(HOST, nics=tuple(Nic(f"eth{number}", mac) for number, mac in enumerate(macs)))
    settings = replace(OLD_HOST.settings, nics=(f"{macs[0]} eth1", f"{macs[1]} eth0", "52:54:00:00:00:ff eth2"))
    renamed = with_old_names(machine, replace(OLD_HOST, settings=settings))
    assert [(nic.name, nic.mac) for nic in renamed.nics] == [("eth0", macs[1]), ("eth1", macs[0]), ("eth2", macs[2])]
    assert with_old_names(machine, OLD_HOST) == machine and with_old_names(machine, None) == machine


def test_an_older_version_is_not_replaced_without_a_backup() -> None:
    old = replace(OLD_HOST, mode=Mode.UPGRADE, version="3.2.0")
    host = replace(HOST, disks=(replace(OLD_SDA, installed=old), SDB))
    answers = replace(OVER.answers, mode=Mode.UPGRADE, existing=Existing("sda", backup=False))
    messages = [problem.message for problem in keep_settings(answers, host).problems]
    assert any("lost without a backup" in message for message in messages)


def test_keys_of_the_answers_stand_beside_those_of_the_host() -> None:
    system = RecordingSystem(files={AUTHORIZED_KEYS: "ssh-rsa old\nssh-rsa both\n"})
    session = recording_session(system)
    step = AddKeys(("ssh-rsa both", "ssh-rsa new"))
    step.run(session)
    step.run(session)
    assert system.files[AUTHORIZED_KEYS] == "ssh-rsa old\nssh-rsa both\nssh-rsa new\n"


def test_a_host_that_does_not_fit_leaves_the_older_backup_alone() -> None:
    class Full(RecordingSystem):
        def room(self, place: Place) -> Room:
            return Room(used_bytes=4 * GIB, free_bytes=0, used_files=1, free_files=1)

    with pytest.raises(DeviceError, match="the old host uses") as caught:
        CheckOldHost("sda:2", 4 * GIB).run(recording_session(Full()))
    assert "choose no backup" in caught.value.hint
    titles = [step.title for _, step in make_plan(OVER).steps()]
    assert titles.index(CheckOldHost("sda:2", 4 * GIB).title) < titles.index(
        "make an ext3 file system for the backup on sda:2"
    )


def test_a_restore_without_a_disk_takes_none_of_several() -> None:
    """Not even when only one of them can be put back: the other may be the one that is meant."""
    whole = Backup(BackupMaker.INSTALLER, "XenServer", "4.0.1")
    disks = (replace(OLD_SDA, backup=replace(whole, refused="it is not complete")), replace(SDB, backup=whole))
    circumstances = Circumstances(lambda _: replace(HOST, disks=disks), BRAND, plan_only=True)
    with pytest.raises(AnswersError, match="several disks have a backup"):
        prepare_restore(None, circumstances)
