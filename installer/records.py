"""What a run tells, as records: the objects of JSON lines, on standard output and to those who are told from afar."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Protocol, TypeVar

from installer.model.errors import InstallerError
from installer.model.events import Event
from installer.model.identity import Identity
from installer.model.plan import Plan
from installer.model.problem import Problem
from installer.model.source import Location

SessionT = TypeVar("SessionT")
Record = Mapping[str, object]


def event_record(event: Event) -> Record:
    """Return an event of a running plan: {"event": "StepStarted", ...}."""
    return {"event": type(event).__name__, **asdict(event)}


def problem_record(problem: Problem) -> Record:
    """Return one thing that is wrong before anything is changed."""
    return {"event": "Problem", **asdict(problem)}


def error_record(error: InstallerError, bundle: str) -> Record:
    """Return why a command ends; `bundle` is where what support needs was left, empty when it was not."""
    record = {"what": error.what, "where": error.where, "hint": error.hint}
    return {"event": "Error", **record, "exit_code": int(error.exit_code), **({"bundle": bundle} if bundle else {})}


def plan_record(plan: Plan[SessionT]) -> dict[str, object]:
    """Return a plan as a JSON object: disks, packages, and phases with their steps."""
    return {
        "event": "Plan",
        "disks": [asdict(disk) for disk in plan.disks],
        "packages": list(plan.packages),
        "phases": [
            {
                "title": phase.title,
                "destructive": phase.destructive,
                "steps": [{"title": step.title, "details": list(step.describe())} for step in phase.steps],
            }
            for phase in plan.phases
        ],
        "notes": list(plan.notes),
        "after_failure": [step.title for step in plan.after_failure],
    }


def ended_record(code: int) -> Record:
    """Return how a whole run has ended, by its exit code: the last record of a report."""
    return {"event": "Ended", "exit_code": int(code)}


def started_record(version: str, identity: Identity, *, unattended: bool) -> Record:
    """Return what a report begins with: which installer, and on which machine."""
    about = {"mac": identity.mac, "serial": identity.own_serial, "product": identity.product.strip()}
    name = {"hostname": identity.own_hostname, "unattended": unattended}
    return {"event": "Started", "version": version, **about, **name}


def masked_record(record: Record, mask: Callable[[str], str]) -> Record:
    """Return a record without secrets; its kind is one of our own words, and stays."""
    kind = {"event": record["event"]} if "event" in record else {}
    return {**masked(record, mask), **kind}


def masked(record: Mapping[str, object], mask: Callable[[str], str]) -> dict[str, object]:
    """Return a record with every text in its values masked, however deep."""
    return {key: _masked(value, mask) for key, value in record.items()}


def _masked(value: object, mask: Callable[[str], str]) -> object:
    if isinstance(value, str):
        return mask(value)
    if isinstance(value, Mapping):
        return masked(value, mask)
    return [_masked(item, mask) for item in value] if isinstance(value, list | tuple) else value


class Reports(Protocol):
    """Who is told from afar how the run goes: `backend.reports`."""

    def open(self, location: Location, identity: Identity) -> None:
        """Tell this place too."""

    def put(self, record: Record) -> None:
        """Tell a record."""

    def faults(self) -> tuple[str, ...]:
        """Return what is to be said of places that cannot be told, each once."""

    def close(self) -> tuple[str, ...]:
        """Give those who listen a moment to hear the last records; returns what is to be said of those who did not."""


class Nobody:
    """Nobody is told."""

    def open(self, location: Location, identity: Identity) -> None:
        """Tell nobody."""

    def put(self, record: Record) -> None:
        """Tell nobody."""

    def faults(self) -> tuple[str, ...]:
        """Return nothing."""
        return ()

    def close(self) -> tuple[str, ...]:
        """Return nothing."""
        return ()
