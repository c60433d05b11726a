"""Writes docs/performance.md from build/bench.json: every figure with what it stands beside and its limit."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from tests.bench.figures import Figure
from tests.bench.room import BUILD
from tests.conftest import ROOT

DOCUMENT = ROOT / "docs" / "performance.md"
HEAD = """\
# Performance

Written by `make bench` on {when}: {machine}. Times are medians of ratios of runs that were interleaved, seven of each \
at least and three where a virtual machine starts; what stands beside ours did the same work in the same minutes. \
A ratio of 1 is the speed of the plain tools.

"""
ROAD = """\
## A whole installation

Unattended, over HTTP from the same machine, onto an image in memory: partitions, file systems, packages, settings, \
swap file, boot loader. *Plain tools* is a shell script with `sfdisk`, `mkfs.ext3`, `curl`, `lbzip2` or `zstd`, and \
`tar` in a pipe, without volume group and boot loader. *As in 2007* fetches each bzip2 package, then sums it, then \
unpacks it by one processor. No installer is faster than *unpacking alone* (to nowhere) or *writing alone* (a copy of \
the unpacked files).

| packages | processors | ours | plain tools | ratio | limit | as in 2007 | ratio | limit | unpacking alone \
| writing alone |
|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|
"""
ROADS = tuple((form, processors) for form in ("tbz2", "tzst") for processors in (1, 2))
TABLE = "| what | beside | figure | limit |\n|---|---|--:|--:|\n"
SERIAL = "on a terminal of type {}"


@dataclass(frozen=True)
class _Line:
    """A figure: the name it has in bench.json, and what it is and stands beside in words."""

    id: str
    what: str
    beside: str = ""


# one line a figure, one group a section
SECTIONS: dict[str, tuple[_Line, ...]] = {
    "Packages": (
        _Line("package-phase-wall", "a bzip2 package: check, unpack, store", "`lbzip2 -dc \\| tar -x`"),
        _Line("package-phase-cpu", "the same, processor time", "`lbzip2 -dc \\| tar -x`"),
        _Line("package-phase-wall-md5sum-tar", "the same", "`md5sum`, then `tar -xjf`"),
        _Line("zstd-package-phase-wall", "a zstd package: check, unpack, store", "`zstd -dc \\| tar -x`"),
        _Line("zstd-package-phase-wall-cp", "the same", "`cp -a` of its files"),
        _Line("zstd-package-phase-wall-md5sum-tar", "the same", "`md5sum`, then `tar -xjf` of the bzip2 package"),
        _Line("zstd-phase-100-mbit-curl", "zstd packages over 100 Mbit/s", "`curl` of them to nowhere"),
        _Line("bzip2-phase-50-mbit-curl", "bzip2 packages over 50 Mbit/s", "`curl` of them to nowhere"),
        _Line("http-bytes", "bytes fetched in an installation", "the packages' size"),
        _Line("http-bytes-verified", "the same with every package verified before", "the packages' size"),
        _Line("installer-memory", "most memory of the installer's process"),
    ),
    "Boot image": (
        _Line("image-without-firmware", "`make install.img FIRMWARE=0`"),
        _Line("image-with-firmware", "`make install.img`"),
        _Line("image-memory", "least memory that an installation completed with"),
        _Line("image-memory-under-xen", "the same with Xen below the installer"),
        _Line("image-first-screen", "start to the first screen, without unpacking", "the same kernel to a shell"),
        _Line("image-first-question", "start to the first question, without unpacking", "the same kernel to a shell"),
        _Line("image-installation", "an installation in a virtual machine", "a script of the plain tools there"),
    ),
    "Start and screens": (
        _Line("help-wall", "`installer --help`", "`python3 -c pass`"),
        _Line("screens-first-wall", "start to the first screen", "`import urwid`"),
        _Line("screens-first-bytes", "bytes of the first screen"),
        *(
            line
            for term in ("xterm", "vt220")
            for line in (
                _Line(f"screens-key-{term}-median", f"a key until it is painted, {SERIAL.format(term)}: median"),
                _Line(f"screens-key-{term}-p99", "99 of 100"),
                _Line(f"screens-key-{term}-bytes", "bytes painted for a key in a list: mean"),
                _Line(f"screens-key-{term}-bytes-max", "most where the list does not scroll"),
                _Line(f"screens-idle-{term}", "painted while nothing happens"),
            )
        ),
        *(
            _Line(f"screens-queries-{term}", f"questions to the terminal, {SERIAL.format(term)}")
            for term in ("vt100", "vt220", "linux")
        ),
        _Line("screens-progress-rate", "paintings of the progress"),
        _Line("screens-progress-bytes", "bytes of one"),
    ),
}  # fmt: skip


def render(figures: Sequence[Figure], machine: str, when: date) -> str:
    """Return the document; a figure that was not measured has no line. Raises ValueError for one without words here."""
    known = {figure.id: figure for figure in figures}
    road = [figure_id for figure_id in known if figure_id.startswith("road-")]
    if unknown := set(known) - {line.id for lines in SECTIONS.values() for line in lines} - set(road):
        raise ValueError(f"no words for {', '.join(sorted(unknown))} in {Path(__file__).name}")
    parts = [HEAD.format(when=when.isoformat(), machine=machine)]
    if road:
        parts.append(ROAD + "".join(_road_row(known, *row) for row in ROADS) + "\n")
    for title, lines in SECTIONS.items():
        if rows := [_row(line, known[line.id]) for line in lines if line.id in known]:
            parts.append(f"## {title}\n\n{TABLE}{''.join(rows)}\n")
    return "".join(parts).rstrip("\n") + "\n"


def _road_row(known: dict[str, Figure], form: str, processors: int) -> str:
    names = ("ours-s", "plain-s", "plain", "", "2007-s", "2007", "", "unpack-s", "write-s")
    found = [known.get(f"road-{form}-{processors}-{name}") for name in names]
    cells = [form, str(processors)]
    for figure, before in zip(found, [None, *found], strict=False):
        cells.append(_value(figure) if figure else _limit(before) if before else "")
    return f"| {' | '.join(cells)} |\n"


def _row(line: _Line, figure: Figure) -> str:
    said = "" if figure.ok else " **(too much)**"
    return f"| {line.what} | {line.beside} | {_value(figure)}{said} | {_limit(figure)} |\n"


def _value(figure: Figure) -> str:
    return _number(figure.value, figure.unit)


def _limit(figure: Figure) -> str:
    return "" if figure.limit is None else _number(figure.limit, figure.unit)


def _number(value: float, unit: str) -> str:
    if unit in ("ratio", "count"):
        return f"{value:.2f}" if unit == "ratio" else f"{value:.0f}"
    return f"{value:.1f} {unit}" if value < 100 else f"{value:,.0f} {unit}"


def machine() -> str:
    """Return what the figures were measured on, in a few words."""
    model = re.search(r"^model name\s*: (.*)$", Path("/proc/cpuinfo").read_text(encoding="utf-8"), re.MULTILINE)
    memory_gib = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    processors, kernel = len(os.sched_getaffinity(0)), os.uname().release
    return f"{processors} processors ({model[1] if model else 'unknown'}), {memory_gib:.0f} GiB, Linux {kernel}"


def write(document: Path = DOCUMENT) -> None:
    """Write the document anew from what was measured last."""
    records = json.loads((BUILD / "bench.json").read_text(encoding="utf-8"))
    figures = [Figure(record["id"], record["value"], record["unit"], record["limit"]) for record in records]
    document.write_text(render(figures, machine(), date.today()), encoding="utf-8")


if __name__ == "__main__":
    write()
