"""A host that is there already: erased, or installed over with its virtual machines kept (spec R13, R54)."""

from __future__ import annotations

from collections.abc import Sequence

from installer.model.answers import PRESERVING
from installer.model.existing import InstalledHost
from installer.model.host import Disk, Host
from installer.model.wishes import Existing, Mode
from screens.disks import with_only_disk
from screens.screen import BACK, OK, Outcome, Screen, State
from screens.widgets.cells import Element, Paragraph
from screens.widgets.choice import Choice, Option
from screens.widgets.viewer import Attributed, Viewer

CLEAN = "clean"
BACK_UP = "backup"
# the screens that ask for what is kept
KEPT_SCREENS = (
    "password",
    "timezone-area",
    "timezone",
    "management-nic",
    "management-network",
    "management-ipv6",
    "ntp",
    "ntp-servers",
    "naming",
)


def hosts(host: Host) -> tuple[tuple[Disk, InstalledHost], ...]:
    """Return the installed hosts, with the disks they are on."""
    return tuple((disk, disk.installed) for disk in host.disks if disk.installed)


def kept_host(state: State) -> InstalledHost | None:
    """Return the host that is installed over with its virtual machines kept, None in a fresh installation."""
    existing = state.draft.existing
    disk = state.host.disk(existing.disk) if state.preserves and existing and existing.disk else None
    return disk.installed if disk else None


def _machines(count: int) -> str:
    return {0: "no virtual machines are recorded", 1: "1 virtual machine"}.get(count, f"{count} virtual machines")


def _option(disk: Disk, installed: InstalledHost) -> Option:
    verb = "Upgrade" if installed.mode is Mode.UPGRADE else "Re-install"
    name = f'"{installed.settings.hostname}", ' if installed.settings.hostname else ""
    label = f"{verb} {installed.title} on {disk.name}, keep its virtual machines"
    if installed.refused:
        reason = f"not possible: {installed.refused}" + (f" ({installed.hint})" if installed.hint else "")
        return Option(disk.name, label, reason, enabled=False)
    note = f"{name}{_machines(len(installed.guests))}"
    if installed.unfinished:
        note = f"an installation over it was broken off ({installed.step}); this finishes it"
    return Option(disk.name, label, note)


class ExistingScreen(Screen):
    """Shown when a disk has a host on it."""

    name = "existing"
    title = "A host is installed already"
    help = """\
Installing over a host keeps its virtual machines with all that is on their disks, who the host is, and its settings: \
network, names, time, root password. Only its control domain is replaced. Programs that somebody added to the control \
domain are not kept.

A backup is a copy of the whole control domain on the second partition of the disk. It can be put back by Restore. An \
older backup there is overwritten.

A clean installation erases everything on the disks that you choose on the next screens."""

    @classmethod
    def applies(cls, state: State) -> bool:
        return bool(hosts(state.host))

    @classmethod
    def summary(cls, state: State) -> str:
        installed = kept_host(state)
        return f"{installed.title} is kept" if installed else "clean installation"

    def body(self) -> Sequence[Element]:
        existing, found = self.state.draft.existing, hosts(self.state.host)
        possible = [disk.name for disk, installed in found if not installed.refused]
        chosen = existing.disk if self.state.preserves and existing and existing.disk else ""
        default = chosen or (CLEAN if "existing" in self.state.answered or not possible else possible[0])
        clean = Option(CLEAN, "Clean installation", "erases the chosen disks, with the virtual machines on them")
        self._choice = Choice("what", [*(_option(*pair) for pair in found), clean], default)
        elements: list[Element] = [
            Paragraph(f"This machine has {len(found)} installed host{'s' if len(found) > 1 else ''}."),
            Paragraph(""),
            self._choice,
        ]
        self._backup: Choice | None = None
        if possible:
            wanted = existing is None or existing.backup
            label = "Back up the control domain to the disk's second partition first"
            self._backup = Choice("backup", [Option(BACK_UP, label)], {BACK_UP} if wanted else set())
            elements += [Paragraph(""), self._backup]
        return elements

    def accept(self) -> Outcome:
        state, disk = self.state, self.state.host.disk(self._choice.value)
        before = (state.draft.mode in PRESERVING, state.draft.existing.disk if state.draft.existing else None)
        if disk is None or disk.installed is None:
            state = state.with_draft(mode=Mode.FRESH, existing=None)
            return with_only_disk(state.open_again(*KEPT_SCREENS) if before[0] else state)
        backup = bool(self._backup and self._backup.values)
        state = state.with_draft(
            mode=disk.installed.mode, existing=Existing(disk.name, backup), disks=None, storage_type=None
        )
        return state if before[0] and before[1] in (None, disk.name) else keeping_all(state)


def keeping_all(state: State) -> State:
    """Return the state in which nothing was answered that the host can keep."""
    kept = state.with_draft(
        root_password=None, interface=None, bonds=(), timezone=None, time_method=None, ntp_servers=(), naming=None
    )
    return kept.open_again("keeping", *KEPT_SCREENS)


class KeepingScreen(Screen):
    """What is kept and what is not, with the virtual machines that were not shut down first."""

    name = "keeping"
    title = "What is kept"
    begins_at_buttons = True
    help = """\
Virtual machines should be shut down before their host is replaced: a suspended one was saved by the old version and \
may not be resumed by the new one, and one that was running when its host went down finds its disks as after a power \
cut. If one is named here that should not be, go back, leave the installer, start the old host again and shut it down.

Nothing has been written so far."""

    @classmethod
    def applies(cls, state: State) -> bool:
        return kept_host(state) is not None

    def body(self) -> Sequence[Element]:
        installed = kept_host(self.state)
        if installed is None:
            return [Paragraph("No host is kept.")]
        standing = installed.active_guests
        self.buttons, self.default = (BACK, OK), BACK if standing else OK
        lines: list[str | Attributed] = []
        if standing:
            lines += [("strong", "Not shut down when the host wrote it down last:"), ""]
            lines += [("note", f"• {guest.name or guest.uuid}: {guest.power}") for guest in standing]
            lines += [
                "",
                "Go back, leave, start the old host, resume what is suspended, and shut them down.",
                "",
            ]
        lines += [("strong", "Kept:")]
        others = [guest.name or guest.uuid for guest in installed.guests]
        lines += [f"• {_machines(len(others))}" + (f": {', '.join(others)}" if others else "")]
        lines += ["• guest storage, bit by bit", "• who the host is: its UUIDs, pool, licence and database"]
        lines += [f"• {line}" for line in settings_lines(installed)]
        lines += ["", ("strong", "Not kept:"), "• programs and files that were added to the control domain"]
        lines += [f"• {text}" for text in installed.settings.unreadable]
        lines += ["", "Windows virtual machines need their drivers installed again afterwards (Install Tools)."]
        return [Viewer(lines, hang=2)]

    def accept(self) -> Outcome:
        return self.state


def settings_lines(installed: InstalledHost) -> list[str]:
    """Return the settings that are kept, one line each."""
    settings, interface = installed.settings, installed.settings.interface
    address = "not understood: it has to be entered again"
    if interface:
        address = f"static {interface.static.interface}" if interface.static else "by DHCP"
        address = f"{interface.name or interface.mac or ''} {address}".strip()
    servers = ", ".join(map(str, settings.nameservers)) or "by DHCP"
    clock = "set by hand" if settings.clock_by_hand else f"NTP {', '.join(settings.ntp_servers) or 'by DHCP'}"
    return [
        f"network: {address}",
        f"host name {settings.hostname or 'by DHCP'}, nameservers {servers}",
        f"time zone {settings.timezone or 'not understood'}, {clock}",
        "root password, ssh host keys and authorized keys",
        f"iSCSI name: {installed.iqn}" if installed.iqn else "iSCSI name: the old host has none; a new one is made",
    ]
