"""The disks: one for the control domain, any for the storage of virtual machines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from installer.model.answers import DiskChoice
from installer.model.check import disk_refusals
from installer.model.hardware import look_at
from installer.model.host import Disk, Host
from installer.model.units import human_size
from screens.screen import Outcome, Refused, Screen, State
from screens.widgets.cells import Element, Paragraph, cut, joined, width
from screens.widgets.choice import Choice, Option
from screens.widgets.listing import Item, Listing

HEADING = ("Disk", "Size", "Bus", "Model", "Serial", "Now on it")
LIMITS = (10, 8, 5, 18, 20, 40)


def offered(host: Host) -> tuple[Disk, ...]:
    """Return the disks that can take the control domain."""
    return tuple(disk for disk in host.disks if not disk_refusals(disk, host, primary=True))


def storage_disks(state: State) -> tuple[Disk, ...]:
    """Return the disks that can take virtual machines besides the primary one; they may be small."""
    primary = state.draft.disks.primary if state.draft.disks else ()
    usable = (disk for disk in state.host.disks if not disk_refusals(disk, state.host, primary=False))
    return tuple(disk for disk in usable if disk.name not in primary)


def row(disk: Disk) -> tuple[str, ...]:
    """Return the columns of a disk; of a long serial number the end tells twins apart."""
    cells = (
        disk.name,
        human_size(disk.size_bytes),
        disk.transport,
        disk.model,
        disk.serial,
        (disk.contents or "unknown").replace("LVM volume group ", "LVM "),
    )
    return tuple(
        text if len(text) <= limit else (f"…{text[1 - limit :]}" if number == 4 else f"{text[: limit - 1]}…")
        for number, (text, limit) in enumerate(zip(cells, LIMITS, strict=True))
    )


class PrimaryDiskScreen(Screen):
    """Passed over on a machine with one disk, which then is the answer."""

    name = "primary-disk"
    title = "Primary disk"
    asks_for_disks = True
    help = """\
The control domain, the host's own operating system, takes two partitions of 4 GB on this disk; the rest of the disk \
can store virtual machines.

The list says what is on each disk now. Twins of the same model are told apart by their serial number, which is also \
on the disk's label. Everything on the disk you choose is destroyed, but not before the last screen has asked once \
more.

A disk is not offered when it is too small or something uses it."""

    @classmethod
    def applies(cls, state: State) -> bool:
        return len(state.host.disks) > 1

    @classmethod
    def summary(cls, state: State) -> str:
        return ", ".join(state.draft.disks.primary) if state.draft.disks else ""

    def body(self) -> Sequence[Element]:
        host = self.state.host
        disks = self.state.draft.disks
        items = [Item(disk.name, row(disk)) for disk in offered(host)]
        reasons = [f"{refused.disk.label()}: {refused.reason}" for refused in look_at(host).not_offered]
        if reasons:
            self.help = "\n".join([type(self).help, "", "Not offered here:", *(f"  {reason}" for reason in reasons)])
        self._list = Listing(
            items, disks.primary[0] if disks else "", heading=HEADING, below=not_offered(host), say=self.say
        )
        return [
            Paragraph("The control domain goes onto this disk. Everything on it is destroyed."),
            Paragraph(""),
            self._list,
        ]

    def accept(self) -> Outcome:
        name = self._list.value
        if not name or self.state.host.disk(name) is None:
            raise Refused("there is no disk that can be used: go back and look at the machine again")
        before = self.state.draft.disks
        if before and before.primary == (name,):
            return self.state
        guest = tuple(other for other in before.guest if other != name) if before else ()
        on_primary = before.storage_on_primary if before else True
        return self.state.with_draft(disks=DiskChoice((name,), guest, on_primary)).open_again(
            "storage", "shared-storage"
        )


def not_offered(host: Host) -> Sequence[str]:
    """Return a line for each disk that is not offered, with the reason."""
    reasons = [(refused.disk, refused.reason) for refused in look_at(host).not_offered]
    lines = []
    for number, (disk, why) in enumerate(reasons[:3]):
        head = "Not offered:  " if number == 0 else " " * 14
        more = f"  (F1: {len(reasons) - 3} more)" if number == 2 and len(reasons) > 3 else ""
        text = joined((disk.name, human_size(disk.size_bytes), disk.model[:16]), " ")
        lines.append(f"{head}{text}: {cut(why, 76 - width(head + text + more))}{more}")
    return lines


class StorageScreen(Screen):
    """Where virtual machines are stored."""

    name = "storage"
    title = "Disks for virtual machines"
    asks_for_disks = True
    help = """\
Virtual machines can be stored on the rest of the primary disk, on further disks, or on both: all of it together makes \
one local storage repository. Everything on the disks that are marked is destroyed.

Mark and unmark with Space. With nothing marked the host has no local storage, and needs storage over the network."""

    @classmethod
    def applies(cls, state: State) -> bool:
        return bool(storage_disks(state)) and state.draft.disks is not None

    @classmethod
    def summary(cls, state: State) -> str:
        disks = state.draft.disks
        if disks is None:
            return ""
        return ", ".join((*(disks.primary if disks.storage_on_primary else ()), *disks.guest)) or "no local storage"

    def body(self) -> Sequence[Element]:
        disks = self.state.draft.disks or DiskChoice(())
        chosen = {"rest"} if disks.storage_on_primary else set()
        primary = self.state.host.disk(disks.primary[0]) if disks.primary else None
        label = f"The rest of the primary disk ({primary.label()})" if primary else "The rest of the primary disk"
        self._rest = Choice("rest", [Option("rest", label)], chosen)
        found = storage_disks(self.state)
        present = {disk.name for disk in found}
        items = [Item(disk.name, row(disk)) for disk in found]
        self._list = Listing(
            items, heading=HEADING, marks={name for name in disks.guest if name in present}, say=self.say
        )
        return [
            Paragraph("Where shall virtual machines be stored? Everything on the marked disks is destroyed."),
            Paragraph(""),
            self._rest,
            Paragraph(""),
            self._list,
        ]

    def accept(self) -> Outcome:
        disks = self.state.draft.disks
        if disks is None:
            raise Refused("the primary disk has not been chosen yet")
        marked = self._list.marks or set()
        guest = tuple(disk.name for disk in storage_disks(self.state) if disk.name in marked)
        new = replace(disks, guest=guest, storage_on_primary=bool(self._rest.values))
        if new == disks:
            return self.state
        return self.state.with_draft(disks=replace(new, erase_shared=False)).open_again("shared-storage")


def with_only_disk(state: State) -> State:
    """Return the state in which a machine's only disk is chosen, and none that it does not have any more.

    Where a host is kept or restored no disk is chosen.
    """
    if state.preserves or state.restores:
        return state
    disks = state.draft.disks
    if disks is not None and any(state.host.disk(name) is None for name in disks.all):
        state = state.with_draft(disks=None).open_again("primary-disk", "storage", "shared-storage")
    found = offered(state.host)
    if state.draft.disks is None and len(state.host.disks) == 1 and found:
        return state.with_draft(disks=DiskChoice((found[0].name,)))
    return state
