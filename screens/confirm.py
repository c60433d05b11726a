"""The last screen before anything is written: every disk by name, before and after, and one more act for data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from installer.model.answers import Draft
from installer.model.errors import ExitCode
from installer.model.host import Host
from installer.model.ports import Preview
from screens.ipv6 import shown_ipv6
from screens.network import chosen_nic
from screens.screen import BACK, Begin, Leave, Outcome, Refused, Reopen, Screen, State, Stay, Work
from screens.verify import VERIFY
from screens.widgets.cells import Element, Paragraph, joined
from screens.widgets.choice import Choice, Option
from screens.widgets.listing import Item, Listing
from screens.widgets.viewer import Attributed, Viewer

INSTALL, RESTORE, CHANGE, END = "Install", "Restore", "Change", "End the dry run"


class ConfirmScreen(Screen):
    """F12 only leads to Install; the default is Back."""

    name = "confirm"
    title = "Confirm"
    of_restores = None
    f12 = INSTALL
    default = BACK
    begins_at_buttons = True
    help = """\
Everything that is going to happen: for each disk what is on it before and after, where the packages come from, and \
how the host is configured. F5 or Ctrl-G shows the whole plan, step by step.

Change leads to any screen again, and from there back here. Install begins at once: from then on the disks named here \
are erased. A disk that is not blank has to be marked as one that may be erased.

F12 does not install: it only moves to the Install button."""

    def body(self) -> Sequence[Element]:
        preview = self.state.preview
        self._blank: Choice | None = None
        if preview is None:
            self.buttons, self.f12 = (BACK, CHANGE), CHANGE
            return [Paragraph(""), Paragraph("There is no plan: something does not fit. See below.", "note")]
        last = END if preview.dry_run else RESTORE if preview.overwrites else INSTALL
        self.buttons, self.f12 = (BACK, CHANGE, last), last
        self._viewer = Viewer(plan_lines(preview, self.state), hang=4)
        if not preview.not_blank or preview.dry_run:
            return [self._viewer]
        names = ", ".join(preview.not_blank)
        label = f"Yes, erase {names} although {'they are' if len(preview.not_blank) > 1 else 'it is'} not blank"
        self._blank = Choice("erase", [Option("erase", label)], set())
        return [self._viewer, self._blank]

    def typed(self) -> Mapping[str, str]:
        """Keep nothing: that a disk may be erased has to be said each time."""
        return {}

    def opened(self) -> Work[object] | None:
        """Make the plan from the answers as they are now."""
        if self.state.preview is not None:
            return None
        draft = wishes(self.state)

        def then(preview: object) -> Outcome:
            return Stay(replace(self.state, preview=preview)) if isinstance(preview, Preview) else self.state

        return Work("Making the plan", lambda cancel, report: self.machine.preview(draft, cancel), then)

    def accept(self) -> Outcome:
        preview = self.state.preview
        if preview is None:
            raise Refused("there is no plan to carry out: go back, or change an answer")
        if preview.dry_run:
            return Leave(ExitCode.DONE, text=(*preview.lines, "", "Nothing was changed."))
        if self._blank is not None and not self._blank.values:
            names = ", ".join(preview.not_blank)
            raise Refused(f"{names}: not blank. Mark below that it may be erased (Space)", "erase")
        return Begin(self.state)

    def press(self, label: str) -> Outcome:
        return Reopen("") if label == CHANGE else super().press(label)


def wishes(state: State) -> Draft:
    """Return the answers to be carried out: a host that is kept has its own network, unless it was asked for again."""
    if not state.preserves or "management-network" in state.answered:
        return state.draft
    return replace(state.draft, interface=None, bonds=())


def plan_lines(preview: Preview, state: State) -> list[str | Attributed]:
    """Return what is going to happen, in the order of importance."""
    lines: list[str | Attributed] = []
    lines.append(("strong", _begin(preview)))
    for disk in preview.disks:
        heading = disk.heading.removeprefix("disk ")
        data = any(name in heading.split() for name in preview.not_blank)
        lines += ["", ("strong", f"  {heading}{'   NOT BLANK' if data else ''}")]
        lines += [f"      before  {line}" for line in disk.before]
        lines += [f"      after   {line.strip()}" for line in disk.after]
    if preview.untouched:
        lines += ["", f"  Untouched: {', '.join(preview.untouched)}"]
    lines += [""]
    if preview.overwrites:
        return [*lines, *(("note", f"  ! {note}") for note in preview.notes)]
    checked = "verified" if state.choice("verify.done") == VERIFY else "checked while they are installed"
    lines += [f"  {joined((preview.amount, checked), ', ')}"]
    lines += [f"  {line}" for line in preview.packages]
    lines += [""]
    lines += [f"  {line}" for line in preview.kept or settings(state, state.host)]
    lines += [("note", f"  ! {note}") for note in state.notes]
    lines += [("note", f"  note: {note}") for note in preview.notes]
    lines += [("note", f"  ! {problem.message}") for problem in preview.problems]
    return lines


def _begin(preview: Preview) -> str:
    if preview.overwrites:
        return f"{'Dry run: this would be overwritten' if preview.dry_run else 'Overwritten'}: {preview.overwrites}"
    if preview.keeps:
        if preview.dry_run:
            return f"Dry run: nothing will be changed. Over {preview.keeps}, this would be replaced:"
        return f"Guest storage is kept. Over {preview.keeps}, this is replaced:"
    if preview.dry_run:
        return "Dry run: nothing will be changed. An installation would erase:"
    what = joined(("Ready to install", preview.product), " ")
    return f"{what}. Everything on these disks will be erased:"


def settings(state: State, host: Host) -> list[str]:
    """Return the answers that are not disks and packages, one line each."""
    draft = state.draft
    interface = draft.interface
    name = chosen_nic(state)
    nic = host.nic(name)
    address = "without IPv4" if interface and interface.without_ipv4 else "by DHCP"
    if interface and interface.static:
        address = f"static {interface.static.interface} via {interface.static.gateway}"
    if interface and interface.vlan:
        address += f", VLAN {interface.vlan}"
    v6 = shown_ipv6(interface.ipv6 if interface else None)
    naming = draft.naming
    servers = ", ".join(map(str, naming.nameservers)) if naming and naming.nameservers else "by DHCP"
    clock = "set by hand" if draft.time_method == "manual" else f"NTP {', '.join(draft.ntp_servers) or 'by DHCP'}"
    return [
        f"network   {name} {nic.mac if nic else ''} {address}",
        *([f"IPv6      {v6}"] if v6 else []),
        f"host      {(naming.hostname if naming else None) or 'name by DHCP'}, nameservers {servers}",
        f"clock     {draft.timezone}, {clock}",
        f"keymap    {draft.keymap}, root password {'set' if draft.root_password else 'missing'}",
    ]


class ChangeScreen(Screen):
    """Which answer to change; shown from the confirm screen alone."""

    name = "change"
    title = "Change an answer"
    help = """\
Choose the screen to go back to. After it you come back to the confirmation, unless your new answer raises another \
question."""

    def __init__(self, state: State, machine: object, say: object, screens: Sequence[Item]) -> None:
        super().__init__(state, machine, say)  # type: ignore[arg-type]  # handed through
        self._items = screens

    def body(self) -> Sequence[Element]:
        self._list = Listing(self._items, heading=("Screen", "Your answer"), say=self.say)
        return [Paragraph("Which answer do you want to change?"), Paragraph(""), self._list]

    def accept(self) -> Outcome:
        return Reopen(self._list.value)
