"""No input makes a reader raise anything but the project's own errors: a short run; `make fuzz` is the long one."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fuzz.__main__ import by_hypothesis
from tests.fuzz.branches import ROOT, WAY_OUT, Branches, Missed
from tests.fuzz.inputs import inputs
from tests.fuzz.reader import Reader
from tests.fuzz.readers import READERS
from tests.fuzz.unreached import Reviewed, judge, read_reviewed


@pytest.mark.parametrize("reader", READERS, ids=lambda reader: reader.name)
@settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_changed_input_gives_a_value_or_an_error_of_ours(reader: Reader, data: st.DataObject) -> None:
    reader.read(data.draw(inputs(reader)))


@pytest.mark.parametrize("reader", READERS, ids=lambda reader: reader.name)
def test_seeds_and_kept_inputs_are_read(reader: Reader) -> None:
    for seed in (*reader.seeds, *reader.large, *reader.corpus()):
        reader.read(seed)


def test_what_is_said_of_branches_fits_the_sources() -> None:
    """Whether it is true `make fuzz` finds."""
    reviewed = read_reviewed()
    for module, start, end in (*reviewed.tests, *reviewed.reasons):
        lines = [line.strip() for line in (ROOT / module).read_text(encoding="utf-8").splitlines()]
        assert start in lines and end in (*lines, WAY_OUT), (module, start)
    for test in reviewed.tests.values():
        file, _, name = test.partition("::")
        assert f"def {name}(" in (ROOT / file).read_text(encoding="utf-8")
    assert all(len(reason) > 10 for reason in reviewed.reasons.values())


ONE, OTHER = Missed(3, "if a:", "b()"), Missed(5, "if c:", "d()")
MEASURED = {"m.py": Branches(9, (ONE, OTHER), (ONE,))}


def _reviewed(tests: tuple[Missed, ...], reasons: tuple[Missed, ...]) -> Reviewed:
    return Reviewed(*({("m.py", one.start, one.end): "because" for one in some} for some in (tests, reasons)))


def test_branches_are_held_against_what_is_said_of_them() -> None:
    found = judge(MEASURED, _reviewed((OTHER,), (ONE,)))
    assert (found.unexplained, found.wrong, found.tested, found.explained) == ((), (), 1, 1)


@pytest.mark.parametrize(
    ("tests", "reasons", "unexplained", "wrong"),
    [
        ((), (ONE,), (OTHER,), ()),  # nothing is said of it
        ((ONE, OTHER), (), (ONE,), (ONE,)),  # the test does not go there
        ((), (ONE, OTHER), (OTHER,), (OTHER,)),  # it can be: a test goes there
        (
            (OTHER,),
            (ONE, Missed(7, "if e:", "f()")),
            (),
            (Missed(7, "if e:", "f()"),),
        ),  # an input goes there, or it is gone
    ],
)
def test_what_is_said_of_a_branch_and_not_so_is_told(
    tests: tuple[Missed, ...],
    reasons: tuple[Missed, ...],
    unexplained: tuple[Missed, ...],
    wrong: tuple[Missed, ...],
) -> None:
    found = judge(MEASURED, _reviewed(tests, reasons))
    assert found.unexplained == tuple(("m.py", one) for one in unexplained)
    assert found.wrong == tuple(("m.py", one.start, one.end) for one in wrong)


def test_a_reader_that_lets_an_error_through_is_found() -> None:
    """The fuzzer is of no use if it finds nothing."""

    def read(data: bytes) -> None:
        data.decode()  # as XS-PACKAGES would be read by somebody in a hurry

    reader = replace(READERS[0], name="careless", read=read)
    result = by_hypothesis(reader, seconds=20)
    assert "UnicodeDecodeError" in result.failure and result.inputs > 0
