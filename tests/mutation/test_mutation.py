"""What the mutation run is made of: changes put into the running program, and reasons that still fit the sources."""

from __future__ import annotations

import copy
import os
import sys
from dataclasses import dataclass, replace
from typing import cast

import pytest

from installer.model import units
from tests.mutation.change import import_anew, patches
from tests.mutation.mutants import ROOT, Mutant, Node, NoException, meaning
from tests.mutation.survivors import Reviewed, read_reviewed

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


KNOWN = Mutant(UNITS, "NumberReplacer", 3, "KIB = 1024", "KIB = 1025", "")
REVIEWED = Reviewed({(UNITS, "KIB = 1024", "KIB = 1025"): "because"})


def test_a_survivor_is_explained_by_what_it_was_and_became_in_its_module() -> None:
    assert REVIEWED.explains(KNOWN) and REVIEWED.explains(replace(KNOWN, line=9))
    others = (replace(KNOWN, module="other.py"), replace(KNOWN, before=""), replace(KNOWN, after="KIB = 1023"))
    assert not any(REVIEWED.explains(other) for other in others)


def test_a_reason_that_fits_no_survivor_is_told_once_all_mutants_of_its_module_were_tried() -> None:
    assert REVIEWED.stale([], [UNITS]) == tuple(REVIEWED.reasons)
    assert REVIEWED.stale([KNOWN], [UNITS]) == REVIEWED.stale([], ["other.py"]) == ()


@dataclass
class Leaf:
    """As parso has them."""

    value: str
    type: str = "name"


@dataclass
class Branch:
    """A node with others in it."""

    type: str
    children: list[Branch | Leaf]


def _text(node: Branch | Leaf) -> str:
    return node.value if isinstance(node, Leaf) else "".join(_text(child) for child in node.children)


@pytest.mark.parametrize(
    ("named", "changed"),
    [
        ([Leaf("OSError")], ["NeverRaised"]),
        ([Branch("atom_expr", [Leaf("json"), Leaf(".Wrong")])], ["NeverRaised"]),
        ([Branch("atom", [Leaf("("), Leaf("OSError"), Leaf(")")])], ["(NeverRaised)"]),
        (
            [
                Branch(
                    "atom",
                    [
                        Leaf("("),
                        Branch("testlist_comp", [Branch("power", [Leaf("a"), Leaf(".B")]), Leaf(","), Leaf("C")]),
                        Leaf(")"),
                    ],
                )
            ],
            ["(NeverRaised,C)", "(a.B,NeverRaised)"],
        ),
    ],
)
def test_each_exception_that_a_handler_names_is_exchanged(named: list[Branch | Leaf], changed: list[str]) -> None:
    operator, found = NoException(), []
    for index in range(len(changed)):
        clause = cast(Node, Branch("except_clause", [Leaf("except "), *copy.deepcopy(named)]))
        assert len(list(operator.mutation_positions(clause))) == len(changed)
        found.append(_text(cast(Branch, operator.mutate(clause, index))))
    assert found == [f"except {text}" for text in changed]
    assert not operator.mutation_positions(cast(Node, Branch("suite", [*named])))
