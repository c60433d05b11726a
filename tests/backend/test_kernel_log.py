"""Of the kernel's records only its own warnings and errors; tests/backend/test_written.py reads real ones."""

from __future__ import annotations

from pathlib import Path

import pytest

from backend.kernel_log import complaints


@pytest.mark.parametrize(
    ("record", "line"),
    [
        (
            "3,815,4711000,-;I/O error, dev sda, sector 2048\n SUBSYSTEM=block\n",
            "[    4.711000] I/O error, dev sda, sector 2048\n",
        ),
        ("4,1,12345678901,c;something\n", "[12345.678901] something\n"),
        ("5,0,0,-;Kernel command line: answerfile=http://user:word@host/\n", ""),
        ("11,9,4711000,-;what a program wrote there\n", ""),
        ("3,815,4711000,-;", ""),
        ("no record at all", ""),
        ("x,y,z;text\n", ""),
        ("", ""),
    ],
)
def test_record_is_a_line_when_it_is_grave_and_the_kernels_own(tmp_path: Path, record: str, line: str) -> None:
    path = tmp_path / "kmsg"
    path.write_text(record, encoding="utf-8")
    assert complaints(str(path)) == line


def test_kernel_that_may_not_be_read_says_nothing(tmp_path: Path) -> None:
    assert complaints(str(tmp_path / "kmsg")) == ""
