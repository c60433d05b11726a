"""The composition root: builds the parts, runs one command, turns every outcome into an exit code."""

from __future__ import annotations

import argparse
import os
import sys
import traceback
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from backend.failed_run import scripts_after_failure
from backend.image_acts import Parts
from backend.image_mark import in_installation_image
from backend.installation import Circumstances, Hooks, Prepared, carry_out, prepare
from backend.log import LogFile
from backend.machine import LiveMachine
from backend.preparation import read_host, read_identity_of
from backend.real_system import RealSystem, temporary_system
from backend.sources import fetch_text
from backend.targets import parse_size, parse_target
from installer.answerfile import check_files, read_answerfile
from installer.flow import Flow, Stage
from installer.kernel_words import read_kernel_words
from installer.main_repo import run_repo, verify_all
from installer.main_restore import Means, check_restore_options, run_restore
from installer.model.answers import Answers, Draft
from installer.model.brand import default_brand
from installer.model.errors import Cancelled, ExitCode, InstallerError, UsageError, as_installer_error
from installer.model.events import Event
from installer.model.host import Host
from installer.model.identity import answerfile_location
from installer.model.machine_file import dump_host
from installer.model.problem import errors
from installer.model.secret import Masker
from installer.model.topics import missing_topics
from installer.model.wishes import Mode
from installer.options import parse_options
from installer.report import Reporter, event_text, log_line, nothing_changed
from installer.reproduce import kept_answers
from installer.support import Support

if TYPE_CHECKING:
    from screens.screen import Screen, State

UNATTENDED = "installer --answerfile URL install"
DEFAULT_LOG_DIR = "installer-log"
IMAGE_LOG_DIR = "/install/tmp"  # spec R56


def main(arguments: Sequence[str]) -> int:
    """Run one command; returns the exit code. No traceback ever reaches the user: it goes to the log."""
    reporter = Reporter(json_lines="--json" in arguments)
    try:
        code = _dispatch(parse_options(arguments), reporter)
        if sys.stdout:
            sys.stdout.flush()
        return code
    except InstallerError as error:
        failure = error
    except (KeyboardInterrupt, Exception) as problem:
        failure = as_installer_error(problem)
    try:
        reporter.error(failure)
    except OSError:  # nobody reads us any more; the exit code still tells
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    return failure.exit_code


def _dispatch(options: argparse.Namespace, reporter: Reporter) -> int:
    if options.command == "check":
        return _check(options.answerfiles, reporter)
    if options.command == "repo":
        return run_repo(options, reporter)
    if options.record_machine:
        return _record_machine(options, reporter)
    if options.command == "restore":
        check_restore_options(options)
    elif (options.command is None) != (options.answerfile is None):
        why = "--answerfile and the word `install` belong together"
        raise UsageError(f"nothing to do: {why}", hint=f"the unattended way: {UNATTENDED}; without both: the screens")
    return _logged(options, reporter)


def _logged(options: argparse.Namespace, reporter: Reporter) -> int:
    """Install with a log, which has the traceback of whatever ends the run; a dry run leaves none uninvited."""
    default = IMAGE_LOG_DIR if in_installation_image() else DEFAULT_LOG_DIR
    directory = options.log_dir or (None if options.dry_run else default)
    masker = Masker()
    log = LogFile(Path(directory) if directory else None, masker.mask)
    reporter.also, reporter.mask = (lambda text: log.write(log_line(text))), masker.mask
    support = Support(masker.mask)
    try:
        return _install(options, reporter, log, masker, support)
    except BaseException as problem:
        log.write(log_line(traceback.format_exc()))
        failure = as_installer_error(problem)
        if support.known and not isinstance(failure, Cancelled):  # an unattended run whose answers are known
            reporter.bundle = log.keep(f"{support.name}.tar.gz", support.archive(failure, log.this_run()))
        raise
    finally:
        log.close()


def _install(options: argparse.Namespace, reporter: Reporter, log: LogFile, masker: Masker, support: Support) -> int:
    """Answers -> checks -> plan -> execute; without an answerfile, or with a gap in it, by the screens."""

    def emit(event: Event) -> None:
        _log_event(log, event)
        reporter.event(event)

    with nothing_changed():
        draft = _draft(options, reporter) if options.answerfile else None
    if options.command == "restore" or (draft and draft.mode is Mode.RESTORE):
        if draft:
            support.answers(draft)
        means = Means(_circumstances(options, masker, support), _opener(log), emit, reporter, support.plan)
        return run_restore(options, draft, means)
    if draft is None or (options.ask_missing and missing_topics(draft)):
        return _ask(options, reporter, log, masker, draft)
    with nothing_changed():
        answers, open_system = draft.complete(), _opener(log)
        masker.hide(answers.root_password.text)
        support.answers(draft)
        runs, media = not options.dry_run and os.geteuid() == 0, Path(options.media) if options.media else None
        with scripts_after_failure(answers, media, open_system, emit) if runs else nullcontext():
            prepared = _prepared(answers, options, reporter, masker, support)
    if options.dry_run:
        reporter.plan(prepared.plan)
        return ExitCode.DONE
    with open_system() as system:
        other_logs = log.of_image if in_installation_image() else lambda: ()
        carry_out(prepared, system, emit, Hooks(log_lines=log.this_run, other_logs=other_logs))
    return ExitCode.DONE


def _opener(log: LogFile) -> Callable[[], AbstractContextManager[RealSystem]]:
    return lambda: temporary_system(lambda line: log.write(log_line(line)), private_mounts=True)


def _prepared(
    answers: Answers, options: argparse.Namespace, reporter: Reporter, masker: Masker, support: Support
) -> Prepared:
    """Do all that comes before the first change: machine and sources read, plan made."""
    prepared = prepare(answers, _circumstances(options, masker, support), reporter.require)
    support.plan(prepared.plan)
    if options.verify:
        verify_all(prepared.inputs.repositories, reporter)
    if os.geteuid() != 0 and not options.dry_run:
        raise UsageError("an installation must be run as root", hint="--dry-run shows the plan without it")
    return prepared


def _log_event(log: LogFile, event: Event) -> None:
    if text := event_text(event):
        log.write(log_line(text))


def _ask(options: argparse.Namespace, reporter: Reporter, log: LogFile, masker: Masker, draft: Draft | None) -> int:
    """Run the screens, which end with the same executor, or in a dry run with the plan."""
    from screens.start import Occasion, start  # an unattended run need not load them

    if not options.dry_run and os.geteuid() != 0:
        raise UsageError("an installation must be run as root", hint="--dry-run shows everything without it")
    if not (options.dry_run or options.target or in_installation_image()):
        hint = "such as --target disk.img --size 16G, or --dry-run to see every screen and the plan"
        raise UsageError("outside the installation image the screens need a --target to install onto", hint=hint)

    parts = Parts(
        circumstances=_circumstances(options, masker, Support(masker.mask)),
        open_system=_opener(log),
        log=log,
        log_event=lambda event: _log_event(log, event),
        hide=lambda answers: masker.hide(answers.root_password.text) if answers.root_password else None,
        in_image=in_installation_image(),
        dry_run=options.dry_run,
    )
    machine = LiveMachine(parts)

    def log_fault(fault: BaseException) -> None:
        log.write(log_line("".join(traceback.format_exception(fault))))

    result = start(machine, Occasion(default_brand().product, options.media, log_fault, draft), _road)
    if result.text:
        reporter.lines(result.text, {"event": "Left", "exit_code": result.code})
    if result.reboot:
        machine.reboot()
    return result.code


def _road(state: State, screens: Sequence[type[Screen]]) -> Flow[State]:
    """Lay the road of the screens; one that was given answers begins with the first that is missing."""
    stages = [Stage(screen.name, screen.shown, screen.entered, screen.reachable) for screen in screens]
    flow = Flow(stages, state, lambda state: state.answered)
    if state.answered:
        flow.skip_answered()
    return flow


def _circumstances(options: argparse.Namespace, masker: Masker, support: Support) -> Circumstances:
    """Return what the command line and the place of the run decide."""
    return Circumstances(
        read_facts=lambda with_image: support.facts(_host(options, with_image=with_image)),
        brand=default_brand(),
        targets=tuple(parse_target(text) for text in options.target),
        size_bytes=parse_size(options.size) if options.size else None,
        media=Path(options.media) if options.media else None,
        accept_version=options.accept_version,
        own_disks=in_installation_image(),
        plan_only=options.dry_run,
        keep=kept_answers(masker.hide),
    )


def _draft(options: argparse.Namespace, reporter: Reporter) -> Draft:
    """Fetch and read the answerfile; every problem is told, errors end the run."""
    url, identity = options.answerfile, read_identity_of(options.machine)
    place = answerfile_location(url, identity)
    data = sys.stdin.buffer.read() if url == "-" else fetch_text(place, headers=identity.headers())
    draft, problems = read_answerfile(data, place.shown(), partial=options.ask_missing)
    reporter.require(problems)
    return draft


def _host(options: argparse.Namespace, *, with_image: bool) -> Host:
    """Return the facts; in the installation image its own words say which console the host is to have."""
    found = read_host(options.machine, with_image=with_image)
    if in_installation_image() and not options.machine:
        words, _ = read_kernel_words()
        found = replace(found, console=words.serial)
    return found


def _record_machine(options: argparse.Namespace, reporter: Reporter) -> int:
    """Write the facts of this machine; nothing else is done in the same call."""
    if options.command:
        raise UsageError("--record-machine and `install` do not go together", hint="record first, then install")
    text = dump_host(read_host(options.machine, with_image=False))
    if options.record_machine == "-":
        reporter.say(text.rstrip())
    else:
        with temporary_system() as system:
            system.save(options.record_machine, text)
    return ExitCode.DONE


def _check(names: Sequence[str], reporter: Reporter) -> int:
    problems = check_files(names)
    for problem in problems:
        reporter.problem(problem, result=True)
    return ExitCode.BAD_ANSWERS if errors(problems) else ExitCode.DONE
