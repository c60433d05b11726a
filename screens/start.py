"""Begins a session of the screens on this process's terminal."""

from __future__ import annotations

import gc
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from installer.model.answers import PRESERVING, Draft
from installer.model.choice import choose_for_draft
from installer.model.errors import UsageError
from installer.model.ports import Machine
from installer.model.topics import Topic, missing_topics
from screens.app import App
from screens.disks import with_only_disk
from screens.eula import EulaScreen, read_licence
from screens.order import RUN_SCREENS, SCREENS
from screens.road import Road
from screens.screen import Leave, Screen, State
from screens.source import LOCAL, WEB
from screens.terminal import Terminal
from screens.window import Setting

NO_TERMINAL = "the screens need a terminal"
# which screens a topic of an answerfile answers
ANSWERED_BY = {
    Topic.KEYMAP: ("keymap",),
    Topic.DISKS: ("primary-disk", "storage", "shared-storage"),
    Topic.SOURCE: ("source", "address", "repositories", "verify"),
    Topic.PASSWORD: ("password",),
    Topic.TIMEZONE: ("timezone-area", "timezone"),
    Topic.NTP: ("ntp", "ntp-servers"),
    Topic.NETWORK: ("nic", "network", "ipv6", "management-nic", "management-network", "management-ipv6"),
    Topic.DNS: ("naming",),
}
UNASKED = frozenset(
    {"welcome", "overwrite", "eula", "hardware", "existing", "keeping"}
)  # what an answerfile has agreed to


@dataclass(frozen=True)
class Occasion:
    """What the session is for: the product's name, where the medium is, and answers given beforehand, or none.

    `terminal` is the one on which the session was opened already, else it is that of this process.
    """

    product: str
    media: str | None
    on_fault: Callable[[BaseException], None]
    draft: Draft | None = None
    terminal: Terminal | None = None


def first_state(machine: Machine, draft: Draft | None) -> State:
    """Return the state the screens begin with; what an answerfile says counts as answered."""
    host = machine.probe()
    if draft is None:
        return with_only_disk(State(host))
    known, unclear = choose_for_draft(draft, host)
    missing = set(missing_topics(known))
    interface = known.interface
    asked_for = interface is not None and not interface.name and known.mode not in PRESERVING
    if asked_for and (len(host.nics) > 1 or interface != draft.interface):
        missing.add(Topic.NETWORK)
    answered = {name for topic, names in ANSWERED_BY.items() if topic not in missing for name in names}
    state = State(host, known, notes=tuple(problem.message for problem in unclear))
    remote = any(source.url.reveal() for source in known.sources or ())
    state = state.choose(source_kind=WEB if remote else LOCAL) if known.sources else state
    state = with_only_disk(state.done(*answered, *UNASKED))
    unknown = state.preserves and (known.existing is None or known.existing.disk is None)
    return state.open_again("existing", "keeping") if unknown else state


def start(machine: Machine, occasion: Occasion, lay: Callable[[State, Sequence[type[Screen]]], Road]) -> Leave:
    """Run the screens until the user leaves; `lay` makes the road of them. Raises UsageError without a terminal."""
    if not (os.isatty(0) and os.isatty(1)):
        raise UsageError(NO_TERMINAL, hint="the unattended way: installer --answerfile URL install")
    if os.environ.get("TERM") == "dumb":
        raise UsageError("this terminal cannot show screens (TERM=dumb)", hint="set TERM to what it is, as in vt220")
    busy = machine.other_console()
    if busy:
        raise UsageError(f"an installer runs already on {busy}", hint="go on there, or end it first")
    road = lay(first_state(machine, occasion.draft), SCREENS)
    EulaScreen.text = read_licence(occasion.media)
    settle()
    terminal = occasion.terminal or Terminal(0, 1, os.environ)
    setting = Setting(terminal, machine, occasion.product, occasion.on_fault)
    return App(setting, road, (*SCREENS, *RUN_SCREENS)).run()


def settle() -> None:
    """Take all that is loaded out of the garbage collector's sight: a walk through it holds up a key by 30 ms."""
    gc.freeze()
