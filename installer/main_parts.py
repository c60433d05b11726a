"""What the commands of main.py are composed of: machine, log and circumstances, as the command line says."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path

from backend.driver_disks import DriverDisks
from backend.image_mark import in_installation_image
from backend.installation import Circumstances
from backend.log import LogFile
from backend.preparation import read_host
from backend.real_system import RealSystem, temporary_system
from backend.targets import parse_size, parse_target
from installer.kernel_words import read_kernel_words
from installer.model.brand import default_brand
from installer.model.events import Event
from installer.model.host import Host
from installer.model.secret import Masker
from installer.model.source import Media
from installer.report import event_text, log_line
from installer.reproduce import kept_answers
from installer.support import Support


def media_of(options: argparse.Namespace) -> Media:
    """Return where local media are said to be, by absolute paths: sources are read in a process that works in /."""
    return tuple(Path(place).absolute() for place in options.media) or None


def opener(log: LogFile) -> Callable[[], AbstractContextManager[RealSystem]]:
    """Return what gives the system that a run works on, with its own mounts."""
    return lambda: temporary_system(lambda line: log.write(log_line(line)), private_mounts=True)


def driver_disks(options: argparse.Namespace, log: LogFile, tell: Callable[[str], None]) -> DriverDisks | None:
    """Return what loads drivers: only the booted image does, and no dry run."""
    loader = DriverDisks(opener(log), media_of(options), tell)
    return loader if in_installation_image() and not options.dry_run else None


def log_event_in(log: LogFile, event: Event) -> None:
    """Write an event down, if it is one for the log."""
    if text := event_text(event):
        log.write(log_line(text))


def circumstances_of(
    options: argparse.Namespace, masker: Masker, support: Support, drivers: DriverDisks | None
) -> Circumstances:
    """Return what the command line and the place of the run decide."""
    return Circumstances(
        read_facts=lambda with_image: support.facts(host_of(options, with_image=with_image)),
        brand=default_brand(),
        targets=tuple(parse_target(text) for text in options.target),
        size_bytes=parse_size(options.size) if options.size else None,
        media=media_of(options),
        accept_version=options.accept_version,
        own_disks=in_installation_image(),
        plan_only=options.dry_run,
        load_drivers=drivers,
        keep=kept_answers(masker.hide),
    )


def host_of(options: argparse.Namespace, *, with_image: bool) -> Host:
    """Return the facts; in the installation image its own words say which console the host is to have."""
    found = read_host(options.machine, with_image=with_image)
    if in_installation_image() and not options.machine:
        words, _ = read_kernel_words()
        found = replace(found, console=words.serial)
    return found
