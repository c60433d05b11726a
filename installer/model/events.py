"""What a running plan tells its listeners: screen, log and JSON lines hear the same events."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


@dataclass(frozen=True)
class StepStarted:
    """A step begins; `number` counts from 1 to `count`."""

    number: int
    count: int
    phase: str
    title: str


@dataclass(frozen=True)
class StepProgress:
    """How far the whole run is (`fraction`, 0 to 1, never falling) and what the step is doing.

    `done_bytes` of `total_bytes` of `item` (0 of 0 when the step has no bytes to count).
    """

    fraction: float
    item: str
    done_bytes: int
    total_bytes: int
    rate_bytes_s: float


@dataclass(frozen=True)
class StepFinished:
    """A step is done; `fraction` as in StepProgress."""

    number: int
    title: str
    fraction: float
    duration_s: float


@dataclass(frozen=True)
class Warned:
    """Something went wrong that does not stop the run."""

    message: str


@dataclass(frozen=True)
class StepFailed:
    """A step failed; the run ends unless it is retried. `state` says what is on the disks now."""

    number: int
    title: str
    reason: str
    command: str
    output: tuple[str, ...]
    state: str
    hint: str


class AfterFailure(StrEnum):
    """What is to become of a step that failed, while its resources are still held."""

    RETRY = "retry"
    STOP = "stop"


@dataclass(frozen=True)
class Retried:
    """The step that failed is begun again."""

    number: int
    title: str


@dataclass(frozen=True)
class StartedAfterFailure:
    """The run has failed, and a step begins that is there for this case; warnings tell what goes wrong with it."""

    title: str


@dataclass(frozen=True)
class PlanFinished:
    """The run is over, resources are released."""

    ok: bool
    duration_s: float


Event = StepStarted | StepProgress | StepFinished | Warned | StepFailed | Retried | StartedAfterFailure | PlanFinished
