"""What is true of any run that met with a fault: it is told, what is told of the disk is so, and nothing is left."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from backend.execute import COMPLETE, STOPPED, UNTOUCHED
from installer.model.errors import Cancelled, ExitCode
from installer.model.events import PlanFinished, StepFailed, Warned
from installer.report import failure_text
from tests.faults.look import Look, different
from tests.faults.roads import Outcome, Road
from tests.faults.verdict import RELEASE, names_only_chosen_disks

SECRET = "marked-secret"
NO_WORD = "the control domain bears no word of the failure"
LOADER = "install the boot loader"  # in that very step a disk begins to boot; it is said to be unfinished till its end
NEXT = ("again", "start", "boots", "Retry", "report it", "Nothing on any disk", "is installed")


class End(StrEnum):
    """How a run ended."""

    FAILED = "failed"
    CANCELLED = "broken off"
    WARNED = "warned"
    WENT_ON = "went on"


class State(StrEnum):
    """What a message says of the disk."""

    UNTOUCHED = "untouched"
    WHOLE = "old host whole"
    UNSURE = "may not boot"
    BROKEN = "does not boot"
    BOOTS = "boots"


@dataclass(frozen=True)
class Verdict:
    """How a run ended, what it said of the disk, and at which step."""

    end: End
    state: State
    title: str


def judge(road: Road, outcome: Outcome, found: Look, log: str) -> Verdict:
    """Return the verdict; raises AssertionError for a silent end, an untrue state, or a message without a way on."""
    events, error = outcome.events, outcome.error
    assert SECRET not in repr(events) + repr(error) + str(error) + log, "a secret is shown"
    names_only_chosen_disks(road.here.inputs, repr(events) + log)
    assert isinstance(events[-1], PlanFinished), events[-1]
    assert events[-1].ok is (error is None)
    if error is None:
        warned = any(isinstance(event, Warned) for event in events)
        _check_complete(road, found, warned=warned)
        return Verdict(End.WARNED if warned else End.WENT_ON, State.BOOTS, "")
    (failed,) = [event for event in events if isinstance(event, StepFailed)]
    cancelled = isinstance(error, Cancelled)
    assert error.exit_code is (ExitCode.CANCELLED if cancelled else ExitCode.FAILED)
    assert failed.reason and failed.title and failed.state, failed
    assert "a fault in the installer itself" not in failed.reason, failed
    text = failure_text(failed)
    assert any(word in text for word in NEXT), f"no way on is told: {text}"
    return Verdict(End.CANCELLED if cancelled else End.FAILED, _true_state(road, outcome, failed, found), failed.title)


def _check_complete(road: Road, found: Look, *, warned: bool) -> None:
    """A run that says it is done has left what it leaves without a fault."""
    after = road.after
    assert after and found.boots, "said to be done, and does not boot"
    changed = different(found.root, after.root)
    assert warned or not changed, f"said to be done, and not the same: {changed[:5]}"
    assert found.loader == after.loader, "said to be done, and another boot loader"
    assert not different(found.backup, after.backup), "the backup is not what it is to be"
    assert found.table == after.table, f"said to be done, and another partition table: {found.table}"
    # a volume group made anew has other identifiers
    assert found.guests == after.guests or not road.first, "said to be done, and guest storage is another one"


def _true_state(road: Road, outcome: Outcome, failed: StepFailed, found: Look) -> State:
    """Return what is said of the disk, when it is so."""
    state, first = failed.state, road.first
    if state in (UNTOUCHED, STOPPED):
        assert found.sha256 == first.sha256 if first else found.blank, f"it is said that {state}"
        return State.UNTOUCHED
    assert "sda" in state or state == COMPLETE, state
    if first:
        assert found.guests == first.guests, "guest storage was written"
        assert found.table == first.table, "the partition table was written"
    if "as it was, and boots" in state:
        assert first and found.boots and not different(found.root, first.root), state
        return State.WHOLE
    if "may not boot any more" in state:
        assert first and not different(found.root, first.root), state
        return State.UNSURE
    if "does not boot" in state or "not bootable yet" in state:
        unmarked = any(isinstance(event, Warned) and NO_WORD in event.message for event in outcome.events)
        # a disk that takes no more cannot be marked, which is told
        assert not found.boots or unmarked or failed.title.startswith(LOADER), state
        if "which is whole" in state:
            assert first and not different(found.backup, first.backup, leave_out=(".xen-installer",)), state
        return State.BROKEN
    assert "boots" in state or (state == COMPLETE and failed.title == RELEASE), state
    assert found.boots, state
    return State.BOOTS
