"""What only the image may do to its machine; elsewhere it is left undone, and the text returned says so."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime

from backend.clock import set_clock
from backend.identities import Identities, new_identities
from backend.installation import Circumstances
from backend.log import LogFile
from backend.network_up import bring_up
from backend.sources.medium import eject_medium
from backend.system import System
from installer.model.answers import Draft
from installer.model.events import Event
from installer.model.host import Host
from installer.model.ports import Cancel, NetworkWish


@dataclass(frozen=True)
class Parts:
    """What a LiveMachine works with; tests put a recording system and fixed identities in.

    `open_system` gives the system an installation runs on, `log` is where it is told, `log_event` puts an event in it.
    """

    circumstances: Circumstances
    open_system: Callable[[], AbstractContextManager[System]]
    log: LogFile
    log_event: Callable[[Event], None]
    hide: Callable[[Draft], None]
    new_ids: Callable[[int], Identities] = lambda count: new_identities(storage_devices=count)
    in_image: bool = False
    dry_run: bool = False


class ImageActs:
    """Keymap, clock, network, medium and restart, as `installer.model.ports.Machine` describes them."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def known_host(self) -> Host:
        """Return the facts as they were looked at last."""
        raise NotImplementedError

    def load_keymap(self, name: str) -> str:
        """By loadkeys(1), on the machine's own console; a serial line has its keymap at its other end."""
        if reason := self._not_here("the keymap is not loaded"):
            return reason
        with self._parts.open_system() as system:
            argv = ("loadkeys", "--quiet", "--console", "/dev/tty1", name)
            system.run(argv, why=f"the keymap {name} cannot be loaded")
        return ""

    def set_time(self, zone: str, local: datetime) -> str:
        """Set both clocks."""
        if reason := self._not_here("the clock is not set"):
            return reason
        with self._parts.open_system() as system:
            set_clock(system, zone, local)
        return ""

    def bring_up_network(self, wish: NetworkWish, cancel: Cancel) -> str:
        """By the image's own program."""
        if reason := self._not_here("the network is used as it is"):
            return reason
        bring_up(self.known_host(), wish, cancel)
        return ""

    def _not_here(self, what: str) -> str:
        if self._parts.dry_run:
            return f"dry run: {what}"
        return "" if self._parts.in_image else f"not in the installation image: {what}"

    def eject_medium(self) -> str:
        """By the image's own program."""
        return self._not_here("nothing is ejected") or eject_medium()

    def reboot(self) -> str:
        """Write everything out and restart at once: there are no services to stop."""
        if reason := self._not_here("the machine is not restarted"):
            return reason
        with self._parts.open_system() as system:
            system.sync()
            system.run(("reboot", "-f"))
        return ""
