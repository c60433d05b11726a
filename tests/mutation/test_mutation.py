"""What the mutation run is made of: changes put into the running program, and reasons that still fit the sources."""

from __future__ import annotations

import os
import sys

import pytest

from installer.model import units
from tests.mutation.change import import_anew, patches
from tests.mutation.mutants import ROOT, meaning
from tests.mutation.survivors import read_reviewed

UNITS = "installer/model/units.py"


def _units(before: str, after: str) -> str:
    source = (ROOT / UNITS).read_text(encoding="utf-8")
    assert before in source
    return source.replace(before, after, 1)


def test_a_changed_function_is_found_in_the_running_program() -> None:
    found = patches(UNITS, _units("return value // alignment * alignment", "return value // alignment + alignment"))
    assert found and [function for function, _ in found] == [units.align_down]
    original = units.align_down.__code__
    try:
        units.align_down.__code__ = found[0][1]
        assert units.align_down(10, 4) == 6
    finally:
        units.align_down.__code__ = original
    assert units.align_down(10, 4) == 8


@pytest.mark.parametrize("after", ["KIB = 1025", "KIB = 1024\nEXTRA = 1"])
def test_a_change_around_functions_cannot_be_put_in(after: str) -> None:
    assert patches(UNITS, _units("KIB = 1024", after)) is None


def test_a_module_is_imported_with_other_source() -> None:
    """In a child, because all that is ours is forgotten."""
    child = os.fork()
    if child == 0:
        imported = import_anew(UNITS, _units("KIB = 1024", "KIB = 1025"))
        os._exit(0 if imported and sys.modules["installer.model.units"].KIB == 1025 else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_a_module_that_cannot_be_imported_is_no_mutant() -> None:
    child = os.fork()
    if child == 0:
        os._exit(1 if import_anew(UNITS, _units("KIB = 1024", "KIB = 1 / 0")) else 0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_annotations_are_no_part_of_what_a_program_means() -> None:
    assert meaning("def f(a: int | None) -> str: ...") == meaning("def f(a: int & None): ...")
    assert meaning("x: int = 1") == meaning("x: str = 1") != meaning("x: int = 2")


def test_every_reviewed_survivor_is_a_line_of_its_module_and_has_a_reason() -> None:
    for (module, before, after), reason in read_reviewed().reasons.items():
        lines = [line.strip() for line in (ROOT / module).read_text(encoding="utf-8").splitlines()]
        assert before in lines and before != after and len(reason) > 10, (module, before)
