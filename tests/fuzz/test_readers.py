"""No input makes a reader raise anything but the project's own errors: a short run; `make fuzz` is the long one."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fuzz.__main__ import by_hypothesis
from tests.fuzz.inputs import inputs
from tests.fuzz.reader import Reader
from tests.fuzz.readers import READERS


@pytest.mark.parametrize("reader", READERS, ids=lambda reader: reader.name)
@settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_changed_input_gives_a_value_or_an_error_of_ours(reader: Reader, data: st.DataObject) -> None:
    reader.read(data.draw(inputs(reader)))


@pytest.mark.parametrize("reader", READERS, ids=lambda reader: reader.name)
def test_seeds_and_kept_inputs_are_read(reader: Reader) -> None:
    for seed in (*reader.seeds, *reader.large, *reader.corpus()):
        reader.read(seed)


def test_a_reader_that_lets_an_error_through_is_found() -> None:
    """The fuzzer is of no use if it finds nothing."""

    def read(data: bytes) -> None:
        data.decode()  # as XS-PACKAGES would be read by somebody in a hurry

    reader = replace(READERS[0], name="careless", read=read)
    result = by_hypothesis(reader, seconds=20)
    assert "UnicodeDecodeError" in result.failure and result.inputs > 0
