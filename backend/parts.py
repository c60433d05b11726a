"""What the live machine behind the screens works with."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass

from backend.driver_disks import DriverDisks
from backend.identities import Identities, new_identities
from backend.installation import Circumstances
from backend.log import LogFile
from backend.system import System
from installer.model.answers import Draft
from installer.model.events import Event


@dataclass(frozen=True)
class Parts:
    """What a LiveMachine works with; tests put a recording system and fixed identities in.

    `open_system` gives the system an installation runs on, `log` is where it is told, `log_event` puts an event in it.
    `driver_disks` loads drivers; None where none are loaded. `faults` gives what is to be said, once, of those who are
    told from afar and cannot be reached.
    """

    circumstances: Circumstances
    open_system: Callable[[], AbstractContextManager[System]]
    log: LogFile
    log_event: Callable[[Event], None]
    hide: Callable[[Draft], None]
    new_ids: Callable[[int], Identities] = lambda count: new_identities(storage_devices=count)
    faults: Callable[[], tuple[str, ...]] = tuple
    in_image: bool = False
    dry_run: bool = False
    driver_disks: DriverDisks | None = None
