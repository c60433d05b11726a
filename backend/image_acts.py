"""What only the image may do to its machine; elsewhere it is left undone, and the text returned says so."""

from __future__ import annotations

from abc import ABC, abstractmethod
from datetime import datetime

from backend.clock import set_clock
from backend.network_up import bring_up
from backend.parts import Parts
from backend.sources.medium import eject_medium
from installer.model.host import Host
from installer.model.ports import Cancel, NetworkWish


class ImageActs(ABC):
    """Keymap, clock, network, medium and restart, as `installer.model.ports.Machine` describes them."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    @abstractmethod
    def known_host(self) -> Host:
        """Return the facts as they were looked at last."""

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
