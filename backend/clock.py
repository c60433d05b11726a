"""This machine's clock: the time in a zone, and setting the system's clock and the hardware clock, which is UTC."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from backend.system import System

NEEDS = ("date", "hwclock")


def local_now(zone: str) -> datetime:
    """Return the time in a zone now, to the second, without tzinfo."""
    return datetime.now(ZoneInfo(zone)).replace(microsecond=0, tzinfo=None)


def as_utc(zone: str, local: datetime) -> datetime:
    """Return the instant of a local time; of the two in the hour that autumn repeats it is the first (PEP 495)."""
    return local.replace(tzinfo=ZoneInfo(zone), fold=0).astimezone(UTC)


def set_clock(system: System, zone: str, local: datetime) -> None:
    """Set the system's clock to a local time, and the hardware clock, as UTC, to the system's."""
    instant = as_utc(zone, local)
    system.run(("date", "--utc", f"--set=@{int(instant.timestamp())}"))
    system.run(("hwclock", "--systohc", "--utc"))
