"""An installation by screens, composed as in main.py."""

from __future__ import annotations

import argparse
import os
import traceback
from collections.abc import Sequence
from typing import TYPE_CHECKING

from backend.image_mark import in_installation_image
from backend.keys import trust_places
from backend.log import LogFile
from backend.machine import LiveMachine
from backend.parts import Parts
from installer.flow import Flow, Stage
from installer.main_parts import circumstances_of, driver_disks, log_event_in, opener
from installer.model.answers import Draft
from installer.model.brand import default_brand
from installer.model.errors import UsageError
from installer.model.events import Event
from installer.model.known_secrets import known_secrets
from installer.model.secret import Masker
from installer.records import event_record
from installer.report import Reporter, log_line
from installer.support import Support

if TYPE_CHECKING:
    from screens.screen import Screen, State


def ask(options: argparse.Namespace, reporter: Reporter, log: LogFile, masker: Masker, draft: Draft | None) -> int:
    """Run the screens, which end with the same executor, or in a dry run with the plan."""
    from screens.opening import Opening  # an unattended run need not load them
    from screens.start import Occasion, start

    if not options.dry_run and os.geteuid() != 0:
        raise UsageError("an installation must be run as root", hint="--dry-run shows everything without it")
    if not (options.dry_run or options.target or in_installation_image()):
        hint = "such as --target disk.img --size 16G, or --dry-run to see every screen and the plan"
        raise UsageError("outside the installation image the screens need a --target to install onto", hint=hint)

    def log_event(event: Event) -> None:
        log_event_in(log, event)
        reporter.reports.put(event_record(event))

    if draft:
        trust_places(draft.trust)
    # the screens say themselves what was loaded; a line between them would stand across what they show
    disks = driver_disks(options, log, lambda text: log.write(log_line(text)))
    if disks and draft:  # before the screens look at the machine
        disks(draft.driver_sources)
    parts = Parts(
        circumstances=circumstances_of(options, masker, Support(masker.mask), disks),
        open_system=opener(log),
        log=log,
        log_event=log_event,
        faults=reporter.reports.faults,
        hide=lambda answers: masker.hide(*known_secrets(answers)),
        in_image=in_installation_image(),
        dry_run=options.dry_run,
        driver_disks=disks,
    )
    machine = LiveMachine(parts)

    def log_fault(fault: BaseException) -> None:
        log.write(log_line("".join(traceback.format_exception(fault))))

    media = next(iter(options.media), None)
    terminal = reporter.opening.terminal if isinstance(reporter.opening, Opening) else None
    result = start(machine, Occasion(default_brand().product, media, log_fault, draft, terminal), _road)
    if result.text:
        reporter.lines(result.text, {"event": "Left", "exit_code": result.code})
    if result.reboot:
        reporter.end(result.code)
        machine.reboot()
    return result.code


def _road(state: State, screens: Sequence[type[Screen]]) -> Flow[State]:
    """Lay the road of the screens; one that was given answers begins with the first that is missing."""
    stages = [Stage(screen.name, screen.shown, screen.entered, screen.reachable) for screen in screens]
    flow = Flow(stages, state, lambda state: state.answered)
    if state.answered:
        flow.skip_answered()
    return flow
