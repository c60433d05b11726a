"""Random keys, seeded, on every recorded machine and several sizes: what must hold after each of them.

`python -m tests.screens.random_keys --keys 20000` is one long run; the suite makes a short one, and `make test` four.
"""

from __future__ import annotations

import argparse
import random
import sys
from collections import Counter
from dataclasses import dataclass, field

from installer.model.ports import Further
from screens.desk import LEAST_COLUMNS, LEAST_ROWS
from screens.widgets.cells import width
from tests.screens.reach import ALL
from tests.screens.recorded_machine import LINUX, RecordedMachine, host
from tests.screens.stage import KEYS, Session, session
from tests.screens.test_screens import has_focus

SIZES = ((80, 24), (80, 24), (132, 43), (100, 30), (72, 20), (40, 10))
MACHINES = (
    "many",
    "twins",
    "many",
    "twins",
    "weak",
    "single",
    "zfs_pool_and_stick",
    "mounted_disk",
    "host_of_4_0",
    "host_of_4_0",
    "no_disk",
    "no_nic",
)
TERMS = ("xterm", "vt220", "linux")
TEXTS = ("10.1.2.3", "255.255.255.0", "10.1.2.1", "http://mirror/", "é", "?", "q", "xen07", "\x00", "ש", "%")
NAMED = [name for name in KEYS if name not in ("ctrl c", "ctrl l", "f2")] + ["ctrl c", "ctrl l"]
KEYS_A_SESSION = 250


@dataclass
class Findings:
    """What a run has seen."""

    keys: int = 0
    sessions: int = 0
    screens: Counter[str] = field(default_factory=Counter)


def run(count: int, seed: int) -> Findings:
    """Press keys; raises AssertionError as soon as something does not hold."""
    chance = random.Random(seed)
    findings = Findings()
    while findings.keys < count:
        findings.sessions += 1
        machine = RecordedMachine(
            host(chance.choice(MACHINES)),
            dry_run=chance.random() < 0.1,
            fail_steps=chance.choice((0, 0, 1, 2)),
            further=[Further((LINUX,)), Further((), (LINUX,))],
        )
        with session(machine, chance.choice(SIZES), chance.choice(TERMS)) as shown:
            shown.remote = chance.random() < 0.4
            shown.clock_by_hand = chance.random() < 0.5
            shown.ipv6 = chance.random() < 0.5
            shown.another_source = chance.random() < 0.5
            shown.additional = chance.random() < 0.5
            shown.restores = chance.random() < 0.3
            _session(shown, chance, findings, count)
            assert not shown.faults, shown.faults
    return findings


def _session(shown: Session, chance: random.Random, findings: Findings, count: int) -> None:
    for _ in range(min(KEYS_A_SESSION, count - findings.keys)):
        findings.keys += 1
        if chance.random() < 0.4:
            shown.answer()
        elif chance.random() < 0.02:
            shown.resize(*chance.choice(SIZES))
        elif chance.random() < 0.2:
            shown.type(chance.choice(TEXTS))
        elif chance.random() < 0.02:
            shown.send(bytes(chance.randrange(256) for _ in range(chance.randrange(1, 8))))
        else:
            shown.press(chance.choice(NAMED))
        if shown.result is not None:
            return
        if shown.app._installing:
            shown.app._installing.look()
            shown.app._installing.paint()
            shown.paint()
        findings.screens[shown.name] += 1
        check(shown)


def check(shown: Session) -> None:
    """See that a frame is sound."""
    columns, rows = shown.size
    for row in shown.app._desk.render((columns, rows), True).content():
        text = b"".join(run for _, _, run in row).decode()
        assert width(text) == columns, text
    if columns < LEAST_COLUMNS or rows < LEAST_ROWS:
        assert "terminal" in "".join(shown.lines), shown.text
        return
    assert shown.title in shown.lines[0], shown.text
    assert shown.lines[1].strip(" ─-") == "", shown.text
    assert shown.lines[-1].strip(), shown.text
    assert shown.name == "progress" or has_focus(shown), (shown.name, shown.emulator.cursor, shown.text)
    assert "marked-secret" not in shown.text


def missed(findings: Findings) -> set[str]:
    """Return the screens that were never shown."""
    return set(ALL) - set(findings.screens)


def main() -> int:
    """Make the long run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--keys", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    findings = run(options.keys, options.seed)
    print(f"{findings.keys} keys in {findings.sessions} sessions")
    for name in [*ALL, "change"]:
        print(f"  {findings.screens[name]:6d}  {name}")
    if missed(findings):
        print(f"never shown: {', '.join(sorted(missed(findings)))}")
    return 1 if missed(findings) else 0


if __name__ == "__main__":
    sys.exit(main())
