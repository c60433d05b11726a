"""The command `installer restore`, and an answerfile that asks for the same: composed as in main.py."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass

from backend.execute import InstallPlan
from backend.installation import Circumstances, Hooks
from backend.restoration import PreparedRestore, carry_out_restore, describe_backup, prepare_restore
from backend.system import System
from installer.model.answers import Draft
from installer.model.errors import Cancelled, ExitCode, UsageError
from installer.model.events import Event
from installer.report import NOTHING_CHANGED, Reporter, nothing_changed

# what has a meaning for installations alone, as argparse calls it
OF_INSTALLATIONS = ("answerfile", "size", "media", "verify", "ask_missing", "accept_version", "record_machine")
YES = ("y", "yes")


@dataclass(frozen=True)
class Means:
    """What a restore works with. `heard` is told the plan, for a report of what went wrong."""

    circumstances: Circumstances
    open_system: Callable[[], AbstractContextManager[System]]
    emit: Callable[[Event], None]
    reporter: Reporter
    heard: Callable[[InstallPlan], None]


def check_restore_options(options: argparse.Namespace) -> None:
    """Raise UsageError for an option that a restore has no use for: none is ignored."""
    for name in OF_INSTALLATIONS:
        if getattr(options, name):
            option = f"--{name.replace('_', '-')}"
            hint = "an answerfile with the root element restore is carried out by `--answerfile URL install`"
            raise UsageError(f"{option} has no meaning for `restore`", hint=hint if name == "answerfile" else "")


def run_restore(options: argparse.Namespace, draft: Draft | None, means: Means) -> int:
    """Find the backup, show the plan or ask, and carry it out; an answerfile (`draft`) is not asked about."""
    reporter = means.reporter
    existing = draft.existing if draft else None
    disk = (existing.backup_disk if existing else None) if draft else options.disk
    with nothing_changed():
        prepared = prepare_restore(disk, means.circumstances)
        if options.dry_run:
            reporter.plan(prepared.plan)
            return ExitCode.DONE
        if os.geteuid() != 0:
            raise UsageError("a restore must be run as root", hint="--dry-run shows the plan without it")
        if not draft and not options.yes:
            _ask(prepared, reporter, may=not options.json)
        means.heard(prepared.plan)
    reporter.console.done = "Restored"
    with means.open_system() as system:
        carry_out_restore(prepared, system, means.emit, Hooks())
    return ExitCode.DONE


def _ask(prepared: PreparedRestore, reporter: Reporter, *, may: bool) -> None:
    """Name what is overwritten and by what; raises Cancelled unless the answer is yes in so many words."""
    if not may or sys.stdin is None or not sys.stdin.isatty():
        raise UsageError(
            "a restore asks on a terminal before it overwrites anything, and there is none", hint="--yes answers it"
        )
    inputs = prepared.inputs
    for note in prepared.plan.notes:
        reporter.say(note)
    reporter.say(f"Overwrite {inputs.root} of {inputs.disk.label()} with {describe_backup(inputs.backup)}?")
    reporter.say("Type yes to go on; anything else, or only Enter, cancels:")
    if sys.stdin.readline().strip().casefold() not in YES:
        raise Cancelled("the restore was cancelled", hint=NOTHING_CHANGED)
