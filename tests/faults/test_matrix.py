"""Every road with every fault at a few places of each; `make faults` takes all of them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from tests.faults.cells import Kind
from tests.faults.matrix import Matrix
from tests.faults.real import MACHINES, world
from tests.faults.roads import on_medium, roads

pytestmark = [pytest.mark.root, pytest.mark.long]
THIN = 12
NAMES = ("fresh", "over a host", "restore")


@pytest.fixture(scope="module", params=MACHINES)
def matrices(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Matrix]]:
    with ExitStack() as stack:
        here = stack.enter_context(world(tmp_path_factory.mktemp("roads"), MACHINES[request.param]))
        stack.enter_context(on_medium(here))
        yield {road.name: Matrix(road, THIN) for road in roads(here)}


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("kind", Kind)
def test_fault_is_told_truly_and_the_next_run_ends_the_road(matrices: dict[str, Matrix], kind: Kind, name: str) -> None:
    if kind is Kind.SOURCE and name == "restore":
        return  # it has none: all that is put back is on the disk
    matrix = matrices[name]
    matrix.learn()
    cell = matrix.cell(kind)
    assert cell.tries and (cell.next_runs or not (cell.ends["failed"] + cell.ends["broken off"]))
