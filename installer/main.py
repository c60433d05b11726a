"""The composition root: builds the parts, runs one command, turns every outcome into an exit code."""

from __future__ import annotations

import argparse
import os
import sys
import traceback
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

from backend import repository_command
from backend.failed_run import scripts_after_failure
from backend.image_mark import in_installation_image
from backend.installation import Circumstances, Hooks, Prepared, carry_out, prepare
from backend.kernel_log import complaints
from backend.keys import keys_of_image, require_keys, trust_places
from backend.log import LogFile
from backend.preparation import read_host, read_identity_of, save_host
from backend.reports import Reports
from backend.sources import fetch_text
from backend.sources.trust import trusting
from installer import VERSION
from installer.answerfile import check_files, read_answerfile
from installer.kernel_words import read_kernel_words
from installer.main_parts import circumstances_of, driver_disks, log_event_in, media_of, opener
from installer.main_repo import run_repo
from installer.main_restore import Means, check_restore_options, run_restore
from installer.main_screens import ask
from installer.model.answers import Answers, Draft
from installer.model.errors import Cancelled, ExitCode, InstallerError, UsageError, as_installer_error
from installer.model.events import Event, Warned
from installer.model.existing import NO_ISCSI_NAME
from installer.model.identity import answerfile_location
from installer.model.known_secrets import known_secrets
from installer.model.machine_file import dump_host
from installer.model.problem import errors
from installer.model.secret import Masker
from installer.model.topics import missing_topics
from installer.model.wishes import NO_TRUST, Mode
from installer.options import driver_disk_of, parse_options, trust_of
from installer.records import masked_record, started_record
from installer.report import NOTHING_CHANGED, Opening, Reporter, log_line, nothing_changed
from installer.support import Support

UNATTENDED = "installer --answerfile URL install"
DEFAULT_LOG_DIR = "installer-log"
IMAGE_LOG_DIR = "/install/tmp"  # spec R56


def main(arguments: Sequence[str], opening: Opening | None = None) -> int:
    """Run one command; returns the exit code. No traceback ever reaches the user: it goes to the log.

    `opening` is on the terminal already; the screens go on from it.
    """
    reports = Reports(lambda record: masked_record(record, reporter.mask))
    reporter = Reporter(json_lines="--json" in arguments, reports=reports, opening=opening)
    with trusting():
        code = _run(arguments, reporter)
        reporter.end(code)
    return code


def _run(arguments: Sequence[str], reporter: Reporter) -> int:
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
        with nothing_changed():
            _begin(options, reporter)
        return _install(options, reporter, log, masker, support)
    except BaseException as problem:
        log.write(log_line(traceback.format_exc()))
        failure = as_installer_error(problem)
        if support.known and not isinstance(failure, Cancelled):  # an unattended run whose answers are known
            kernel = complaints() if in_installation_image() else ""  # of another machine it is nobody's business
            reporter.bundle = log.keep(f"{support.name}.tar.gz", support.archive(failure, log.this_run(), kernel))
        raise
    finally:
        reporter.also = lambda text: None
        log.close()


def _install(options: argparse.Namespace, reporter: Reporter, log: LogFile, masker: Masker, support: Support) -> int:
    """Answers -> checks -> plan -> execute; without an answerfile, or with a gap in it, by the screens."""
    if options.load_drivers:
        return _load_drivers(options, reporter, log)

    def emit(event: Event) -> None:
        for told in (event, *map(Warned, reporter.reports.faults())):
            log_event_in(log, told)
            reporter.event(told)

    with nothing_changed():
        draft = _draft(options, reporter) if options.answerfile else None
    if options.command == "restore" or (draft and draft.mode is Mode.RESTORE):
        if draft:
            support.answers(draft)
        means = Means(circumstances_of(options, masker, support, None), opener(log), emit, reporter, support.plan)
        return run_restore(options, draft, means)
    if draft is None or (options.ask_missing and missing_topics(draft)):
        return ask(options, reporter, log, masker, draft)
    with nothing_changed():
        answers, open_system = draft.complete(), opener(log)
        masker.hide(*known_secrets(answers))
        support.answers(draft)
        runs = not options.dry_run and os.geteuid() == 0
        with scripts_after_failure(answers, media_of(options), open_system, emit) if runs else nullcontext():
            drivers = driver_disks(options, log, reporter.note)
            circumstances = circumstances_of(options, masker, support, drivers)
            if drivers:  # the sources are known before the machine is looked at, which on screens they are not
                circumstances = replace(circumstances, offer_drivers=drivers.offer)
            prepared = _prepared(answers, circumstances, options, reporter, support)
    if options.dry_run:
        reporter.plan(prepared.plan)
        return ExitCode.DONE
    for note in prepared.plan.notes if prepared.inputs.installed else ():
        reporter.note(note)
    with open_system() as system:
        other_logs = log.of_image if in_installation_image() else lambda: ()
        carry_out(prepared, system, emit, Hooks(log_lines=log.this_run, other_logs=other_logs))
    if prepared.inputs.installed and not prepared.inputs.installed.iqn:
        reporter.note(NO_ISCSI_NAME)
    return ExitCode.DONE


def _begin(options: argparse.Namespace, reporter: Reporter) -> None:
    """Report and trust as the command line says, in the installation image also as that and the kernel's words do."""
    trust = trust_of(options, read_kernel_words()[0].trust if in_installation_image() else NO_TRUST)
    if not options.dry_run:
        identity = read_identity_of(options.machine)
        reporter.reports.put(started_record(VERSION, identity, unattended=options.command == "install"))
        if trust.report:
            reporter.reports.open(trust.report, identity)
    require_keys(keys_of_image())
    trust_places(trust)


def _load_drivers(options: argparse.Namespace, reporter: Reporter, log: LogFile) -> int:
    """Load a driver disk for every installer that runs later in this image, and end."""
    disks = driver_disks(options, log, reporter.note)
    if options.command or disks is None:
        raise UsageError("--load-drivers is a call of its own, in the booted installation image alone")
    disks((driver_disk_of(options.load_drivers),))
    return ExitCode.DONE


def _prepared(
    answers: Answers, circumstances: Circumstances, options: argparse.Namespace, reporter: Reporter, support: Support
) -> Prepared:
    """Do all that comes before the first change: machine and sources read, plan made."""
    trust_places(answers.trust)
    prepared = prepare(answers, circumstances, reporter.require)
    support.plan(prepared.plan)
    if options.verify:
        repository_command.verify_all(prepared.inputs.repositories, reporter, NOTHING_CHANGED)
    if os.geteuid() != 0 and not options.dry_run:
        raise UsageError("an installation must be run as root", hint="--dry-run shows the plan without it")
    return prepared


def _draft(options: argparse.Namespace, reporter: Reporter) -> Draft:
    """Fetch and read the answerfile; every problem is told, errors end the run."""
    url, identity = options.answerfile, read_identity_of(options.machine)
    place = answerfile_location(url, identity)
    data = sys.stdin.buffer.read() if url == "-" else fetch_text(place, headers=identity.headers())
    draft, problems = read_answerfile(data, place.shown(), partial=options.ask_missing)
    if draft.trust.report and not options.dry_run:
        reporter.reports.open(draft.trust.report, identity)
    reporter.require(problems)
    return draft


def _record_machine(options: argparse.Namespace, reporter: Reporter) -> int:
    """Write the facts of this machine; nothing else is done in the same call."""
    if options.command:
        raise UsageError("--record-machine and `install` do not go together", hint="record first, then install")
    text = dump_host(read_host(options.machine, with_image=False))
    if options.record_machine == "-":
        reporter.say(text.rstrip())
    else:
        save_host(text, options.record_machine)
    return ExitCode.DONE


def _check(names: Sequence[str], reporter: Reporter) -> int:
    problems = check_files(names)
    for problem in problems:
        reporter.problem(problem, result=True)
    return ExitCode.BAD_ANSWERS if errors(problems) else ExitCode.DONE
