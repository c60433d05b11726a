"""How much memory the control domain gets (guide appendix D, spec R53)."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from installer.model.units import GIB, MIB, align_up

BASE_MB = 126
DEFAULT_GRADIENT = Fraction("0.0205")
ROUNDING = 128 * MIB
SETTINGS_FILE = "/etc/sysconfig/xapi"


@dataclass(frozen=True)
class MemoryRule:
    """126 + gradient x T, T = RAM in GiB x 1000, cut off and kept within the bounds (MB)."""

    gradient: Fraction = DEFAULT_GRADIENT
    least_mb: int = 200
    most_mb: int = 752

    def megabytes(self, memory_bytes: int) -> int:
        """Return the control domain's memory in MB for a machine with that much RAM."""
        thousands = Fraction(align_up(memory_bytes, ROUNDING) * 1000, GIB)
        return max(self.least_mb, min(self.most_mb, int(BASE_MB + self.gradient * thousands)))


def parse_settings(text: str) -> MemoryRule:
    """Read the payload's bounds and gradient; what is not there or not a number keeps its default."""
    values: dict[str, str] = {}
    for line in text.splitlines():
        name, mark, value = line.strip().partition("=")
        if mark and not name.startswith("#"):
            values[name.replace("DOMO", "DOM0")] = value.strip().strip("\"'")
    default = MemoryRule()
    gradient = max(_number(values.get("XAPI_DOM0_MEM_GRADIENT", ""), default.gradient), default.gradient)
    return MemoryRule(
        gradient,
        int(_number(values.get("XAPI_DOM0_MEM_MIN", ""), Fraction(default.least_mb))),
        int(_number(values.get("XAPI_DOM0_MEM_MAX", ""), Fraction(default.most_mb))),
    )


def _number(text: str, default: Fraction) -> Fraction:
    try:
        return Fraction(text)
    except (ValueError, ZeroDivisionError):
        return default
