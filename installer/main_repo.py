"""The commands of `installer repo`, and the check of every package before an installation: composed as in main.py."""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Sequence
from pathlib import Path

from backend.real_system import temporary_system
from backend.repository import find_repositories, repository_record, show_repository, sums_checked, verify_repository
from backend.repository_build import build_repository
from installer.model.errors import ExitCode, PackageError
from installer.model.events import StepFinished, StepProgress
from installer.model.repository import Identity
from installer.model.repository_build import Form, make_request
from installer.model.source import PackageType, Repository
from installer.options import location_of
from installer.report import NOTHING_CHANGED, Reporter


def run_repo(options: argparse.Namespace, reporter: Reporter) -> int:
    """Make, list or check repositories."""
    if options.repo_command == "build":
        _repo_build(options, reporter)
    place = options.output if options.repo_command == "build" else options.location
    found = find_repositories(location_of(place, f"repo {options.repo_command}"), None)
    wrong = 0
    for repository in found:
        reporter.lines(show_repository(repository), repository_record(repository))
        if options.repo_command == "verify":
            wrong += _verify(repository, reporter)
    return ExitCode.FAILED if wrong else ExitCode.DONE


def _verify(repository: Repository, reporter: Reporter) -> int:
    """Name the faulty packages of a repository; returns how many they are."""
    total, began = repository.size_bytes, time.monotonic()

    def on_bytes(done: int) -> None:
        rate = done / max(time.monotonic() - began, 1e-6)
        reporter.event(StepProgress(done / max(total, 1), repository.id, done, total, rate))

    faults = verify_repository(repository, on_bytes)
    reporter.event(StepFinished(1, f"check {repository.id}", 1.0, time.monotonic() - began))
    for fault in faults:
        reporter.error(fault)
    if not faults:
        text = f"{repository.id}: {sums_checked(repository)} of all {len(repository.packages)} packages are right"
        reporter.lines((text,), {"event": "Verified", "id": repository.id})
    return len(faults)


def _repo_build(options: argparse.Namespace, reporter: Reporter) -> None:
    identity = Identity(options.id, options.name, options.product, options.product_version)
    form = Form(PackageType(options.compress), options.sha256)
    request = make_request(identity, options.packages, os.environ.get("SOURCE_DATE_EPOCH"), form)
    with temporary_system() as system:
        build_repository(system, request, Path(options.output), lambda package: reporter.say(f"packing {package.name}"))


def verify_all(repositories: Sequence[Repository], reporter: Reporter) -> None:
    """Read every package before anything is changed; raises PackageError when one is faulty (spec R16)."""
    wrong = sum(_verify(repository, reporter) for repository in repositories)
    if wrong:
        what = f"{wrong} package{' is' if wrong == 1 else 's are'} faulty, see above"
        raise PackageError(what, hint=NOTHING_CHANGED)
