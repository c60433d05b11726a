"""One restore from what was asked for to a plan: which disk's backup is meant, and whether it can be put back."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from backend.execute import InstallPlan, Listener
from backend.identities import Identities, new_identities
from backend.installation import Circumstances, Hooks, look_at_targets, run_plan
from backend.preparation import fingerprints_of, image_files
from backend.probe.in_use import Fingerprint
from backend.restore_plan import RestoreInputs, make_restore_plan
from backend.system import System
from backend.targets import Target, apply_targets, untargeted
from installer.model.errors import AnswersError, DiskRefused, UsageError
from installer.model.existing import Backup
from installer.model.firmware_of_table import for_firmware
from installer.model.host import Disk, Host

ANOTHER = "--disk names it, in an answerfile <backup-disk>"


@dataclass(frozen=True)
class PreparedRestore:
    """A plan, what it was made from, and the mark of the disk as it was then, by its device's path."""

    plan: InstallPlan
    inputs: RestoreInputs
    marks: Mapping[str, Fingerprint]


def prepare_restore(
    disk: str | None,
    circumstances: Circumstances,
    new_ids: Callable[[], Identities] = lambda: new_identities(storage_devices=0),
) -> PreparedRestore:
    """Find the backup and return the plan that puts it back; nothing is changed.

    `disk` names the backup's disk, as it must when there are several. Raises AnswersError when there is no backup or
    it is not clear which, DiskRefused when it cannot be restored, UsageError outside the installation image for a disk
    without a target.
    """
    for spec in circumstances.targets:
        if not os.path.exists(spec.path):
            raise UsageError("there is no such file or device, and no backup on it", where=f"--target {spec.path}")
    targets = look_at_targets(circumstances)
    marks = fingerprints_of([target.facts.path for target in targets])
    facts = circumstances.read_facts(any(target.is_image for target in targets))
    host = _targeted(facts, targets, disk)
    free = circumstances.own_disks or circumstances.plan_only
    chosen, backup = _choose(host, disk, None if free else {target.facts.path for target in targets})
    _refuse_excluded(chosen)
    if untargeted(host, targets, (chosen.name,)):
        marks = {**marks, **fingerprints_of([chosen.path])} if circumstances.own_disks else marks
    inputs = RestoreInputs(
        host=host,
        disk=chosen,
        backup=backup,
        identities=new_ids(),
        images=tuple(image for image in image_files(targets, host) if image.disk == chosen.name),
        own_firmware=circumstances.own_disks,
    )
    return PreparedRestore(make_restore_plan(inputs), inputs, marks)


def carry_out_restore(prepared: PreparedRestore, system: System, emit: Listener, hooks: Hooks) -> None:
    """Run the plan on a system; raises what ended it after everything was released."""
    run_plan(prepared.plan, (prepared.inputs.disk,), prepared.marks, system, emit, hooks)


def _targeted(facts: Host, targets: Sequence[Target], disk: str | None) -> Host:
    """Return the facts with the targets in place; one that names no disk stands for the chosen or the first one."""
    first = facts.disks[0].name if facts.disks else "sda"
    return apply_targets(facts, targets, (disk or first,))


def _choose(host: Host, name: str | None, allowed: set[str] | None) -> tuple[Disk, Backup]:
    """Return the disk whose backup is meant; `allowed` are the paths of those that may be written, None: all may."""
    disks = [for_firmware(disk, host.firmware) for disk in host.disks if allowed is None or disk.path in allowed]
    if allowed is not None and not disks:
        hint = "such as --target disk.img or --target /dev/sdb, or --dry-run to see the plan"
        raise UsageError("outside the installation image a restore needs the --target that it is for", hint=hint)
    if name is not None:
        known = host.disk(name)
        disks = [disk for disk in disks if known and disk.path == known.path]
        if not disks:
            present = ", ".join(disk.label() for disk in host.disks)
            raise AnswersError((f"this machine has no disk {name} to restore",), hint=f"disks present: {present}")
    found = [(disk, disk.backup) for disk in disks if disk.backup]
    if not found:
        where = f"on {name}" if name else "on any disk"
        raise AnswersError((f"there is no backup of a control domain {where}",), hint=_looked_at(disks))
    usable = [(disk, backup) for disk, backup in found if not backup.refused]
    if len(found) > 1:
        listed = "; ".join(f"{disk.label()}: {describe_backup(backup)}" for disk, backup in found)
        raise AnswersError((f"several disks have a backup: {listed}",), hint=ANOTHER)
    if not usable:
        disk, backup = found[0]
        what = f"the backup {backup.title} cannot be restored: {backup.refused}"
        raise DiskRefused(what, where=disk.label(), hint=backup.hint)
    return usable[0]


def _refuse_excluded(disk: Disk) -> None:
    if reason := disk.excluded or ("it is read-only" if disk.read_only else ""):
        raise DiskRefused(f"the disk {disk.label()} cannot be used: {reason}")


def _looked_at(disks: Sequence[Disk]) -> str:
    listed = "; ".join(f"{disk.name}: {disk.contents or 'unknown contents'}" for disk in disks)
    return f"looked at {listed}" if listed else "it has no disks"


def describe_backup(backup: Backup) -> str:
    """Return a backup in words: XenServer 4.0.1-1 of xen07, made 2026-01-02 03:04:05 UTC."""
    of = f" of {backup.hostname}" if backup.hostname else ""
    return f"{backup.title}{of}" + (f", made {backup.made_at}" if backup.made_at else "")
