"""The commands of `installer repo`: composed as in main.py."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from backend import repository_command
from backend.keys import trust_places
from installer.options import build_request, location_of, trust_of
from installer.report import Reporter


def run_repo(options: argparse.Namespace, reporter: Reporter) -> int:
    """Make, list or check repositories."""
    if options.repo_command == "build":
        request = build_request(options, os.environ.get("SOURCE_DATE_EPOCH"))
        repository_command.build(request, Path(options.output), reporter)
    place = options.output if options.repo_command == "build" else options.location
    location = location_of(place, f"repo {options.repo_command}")
    if options.repo_command != "build":
        trust_places(trust_of(options))
    return repository_command.show(location, reporter, verify=options.repo_command == "verify")
