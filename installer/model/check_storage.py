"""What chosen disks share with others: groups over several disks, running devices, and two paths to one disk."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from installer.model.answers import Answers
from installer.model.host import Disk, Host
from installer.model.problem import Problem, Severity
from installer.model.storage import Holder, HolderKind, StorageGroup

CONSENT = "<erase-shared-storage>yes</erase-shared-storage>"
STOPPED_BY = {  # what a person types in the shell
    HolderKind.LVM: "vgchange --activate n {group}",
    HolderKind.ARRAY: "mdadm --stop /dev/{device}",
    HolderKind.LOOP: "losetup --detach /dev/{device}",
}


@dataclass(frozen=True)
class Shared:
    """A group on chosen disks and on others, both by name."""

    group: StorageGroup
    chosen: tuple[str, ...]
    others: tuple[str, ...]

    @property
    def text(self) -> str:
        """What is destroyed, and what of it stays: the sentence of warnings and plans."""
        return (
            f"the {self.group.title} on {_listed(self.group.disks)} is destroyed with {_listed(self.chosen)};"
            f" {_listed(self.others)} {'is' if len(self.others) == 1 else 'are'} not written"
        )


def check_storage(answers: Answers, host: Host) -> tuple[Problem, ...]:
    """Return what speaks against taking the chosen disks out of what they form with others."""
    chosen = chosen_disks(answers, host)
    return (
        *_same_disks(answers, host, chosen),
        *_shared(answers, host, chosen),
        *_running(answers, host, chosen),
    )


def chosen_disks(answers: Answers, host: Host) -> tuple[Disk, ...]:
    """Return the chosen disks, each once; names that the machine has not got are left out."""
    found = (host.disk(name) for name in answers.disks.all)
    return tuple(dict.fromkeys(disk for disk in found if disk is not None))


def shared_groups(host: Host, chosen: Iterable[Disk]) -> tuple[Shared, ...]:
    """Return the groups that are on chosen disks and on others; another path to a chosen disk is no other disk."""
    names = {disk.name for disk in chosen}
    found = []
    for group in host.groups():
        inside = tuple(name for name in group.disks if name in names)
        others = tuple(name for name in group.disks if not is_one_of(name, names, host))
        if inside and others:
            found.append(Shared(group, inside, others))
    return tuple(found)


def is_one_of(name: str, names: Iterable[str], host: Host) -> bool:
    """Say whether a disk is one of several, by its name or as another path to it."""
    return any(name == other or _same(host, name, other) for other in names)


def _same(host: Host, one: str, other: str) -> bool:
    """Say whether two names are paths to one disk: by their identity, or because multipath has put them together."""
    first, second = host.disk(one), host.disk(other)
    if first is None or second is None or one == other:
        return False
    if first.identity and first.identity == second.identity:
        return True
    together = (holder for holder in first.holders if holder.kind is HolderKind.MULTIPATH)
    return any(other in holder.disks for holder in together)


def _where(answers: Answers, host: Host, name: str) -> str:
    """Return where the answers chose a disk."""
    for kind, names in (("primary", answers.disks.primary), ("guest", answers.disks.guest)):
        for index, text in enumerate(names):
            disk = host.disk(text)
            if disk is not None and disk.name == name:
                return answers.origin(f"disks.{kind}.{index}").where
    return ""


def _same_disks(answers: Answers, host: Host, chosen: tuple[Disk, ...]) -> Iterator[Problem]:
    for position, disk in enumerate(chosen):
        twins = (other for other in chosen[:position] if _same(host, disk.name, other.name))
        if twin := next(twins, None):
            message = f"{disk.name} and {twin.name} are two paths to one disk ({disk.label()})"
            yield Problem(Severity.ERROR, message, _where(answers, host, disk.name), "choose one of the two")


def _shared(answers: Answers, host: Host, chosen: tuple[Disk, ...]) -> Iterator[Problem]:
    if answers.preserves:
        return  # what is kept is not erased
    for shared in shared_groups(host, chosen):
        where = _where(answers, host, shared.chosen[0])
        if answers.disks.erase_shared:
            yield Problem(Severity.WARNING, shared.text, where)
            continue
        others = _listed(shared.others)
        message = (
            f"the {shared.group.title} is on {_listed(shared.group.disks)}, and {others} "
            f"{'was' if len(shared.others) == 1 else 'were'} not chosen: erasing {_listed(shared.chosen)} destroys it"
        )
        hint = f"choose {others} as a guest disk as well, or give it up by {CONSENT}; {others} would not be written"
        yield Problem(Severity.ERROR, message, where, hint)


def _running(answers: Answers, host: Host, chosen: tuple[Disk, ...]) -> Iterator[Problem]:
    """Yield running devices that cannot be stopped without touching other disks, or not at all."""
    names = {disk.name for disk in chosen}
    holders = dict.fromkeys(holder for disk in chosen if not disk.excluded for holder in disk.holders)
    hints: set[str] = set()
    for holder in holders:
        where = _where(answers, host, next((name for name in holder.disks if name in names), ""))
        others = tuple(name for name in holder.disks if not is_one_of(name, names, host))
        if holder.kind is HolderKind.OTHER:
            message = f"{holder.device} runs on {_listed(holder.disks)}, and this installer cannot stop it"
            yield Problem(Severity.ERROR, message, where, "stop it and start again")
        elif others and (hint := _stop_hint(holder)) not in hints:  # one command stops all volumes of a group
            hints.add(hint)
            message = f"{holder.name} runs on {_listed(holder.disks)}, and {_listed(others)} was not chosen"
            yield Problem(Severity.ERROR, message, where, hint)


def _stop_hint(holder: Holder) -> str:
    command = STOPPED_BY.get(holder.kind, "dmsetup remove {name}")
    text = command.format(group=holder.group, device=holder.device, name=holder.name)
    return f"stopping it may write to that disk, so it is left to you: `{text}`, then start again"


def _listed(names: Iterable[str]) -> str:
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last
