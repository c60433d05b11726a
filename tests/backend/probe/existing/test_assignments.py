"""KEY='value' lines as a shell reads them, hostile ones included."""

from __future__ import annotations

import shlex
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.probe.existing.assignments import parse_assignments, plain
from backend.steps.inventory import inventory_text


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("A='b'\n", {"A": "b"}),
        ("A=b\nA=c\n", {"A": "c"}),
        ('  export A="b c" # d\n', {"A": "b c"}),
        ("A='it'\\''s'\n", {"A": "it's"}),
        ("A=\nB= x\nC=''\n", {"A": "", "B": "", "C": ""}),
        ("# A=b\n#\nA b\nA-B=c\n=d\n9A=e\n", {}),
        ("A='b\nC=d\n", {"C": "d"}),
        ("A=$(reboot)\nB=`reboot`\nC=$A\n", {"A": "$(reboot)", "B": "`reboot`", "C": "$A"}),
        ("A=b\r\nC=d\r\n", {"A": "b", "C": "d"}),
        ("A=" + "x" * 5000 + "\nB=c\n", {"B": "c"}),
    ],
)
def test_lines_are_read_as_a_shell_does(text: str, values: dict[str, str]) -> None:
    assert parse_assignments(text) == values


LINE = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\n\r\0"), max_size=60)


@given(LINE)
def test_what_our_inventory_writes_is_read_back(value: str) -> None:
    assert parse_assignments(inventory_text((("KEY", value),))) == {"KEY": value}


@given(LINE)
def test_a_quoted_value_is_what_the_shell_has(value: str) -> None:
    assert parse_assignments(f"KEY={shlex.quote(value)}") == {"KEY": value}


@pytest.mark.parametrize("value", ["'a b'", "a\\ b", '"a\'b"', "a'b'\"c\"d", "''x", "a#b", "x # y", "'it'\\''s'"])
def test_a_shell_agrees(value: str) -> None:
    script = f'KEY={value}\nprintf %s "$KEY"'
    said = subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=True).stdout
    assert parse_assignments(f"KEY={value}") == {"KEY": said}


def test_a_text_from_a_disk_is_one_short_line() -> None:
    assert plain("a\x1b[2J\n b\u202e c") == "a [2J b c" and len(plain("x" * 999)) == 128
