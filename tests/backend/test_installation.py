"""Driver disks on the way from answers to a plan: loaded before the machine is looked at, installed with the rest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from backend.installation import Circumstances, Prepared, Readers, prepare
from backend.repository import check_packages, find_repositories
from backend.steps.initrd import RebuildInitrd
from backend.steps.packages import InstallPackage
from installer.model.answers import Answers
from installer.model.brand import default_brand
from installer.model.errors import AnswersError, PackageError, SourceError
from installer.model.host import Host
from installer.model.problem import Problem, errors
from installer.model.secret import Secret
from installer.model.source import Location, LocationKind, Media, Repository
from tests.backend.sample import ANSWERS, HOST, IDENTITIES
from tests.backend.small_repository import add_driver_repository, small_repository, tarball
from tests.driver_disk import write_driver_disk

FILES = {"esp.ko": b"a driver", "esp.bin": b"firmware", "tools.bz2": tarball({"opt/acme/tool": b"tool"})}


def _place(path: Path) -> Location:
    return Location(LocationKind.URL, Secret(str(path)))


@pytest.fixture
def answers(tmp_path: Path) -> Answers:
    small_repository(tmp_path / "base")
    write_driver_disk(tmp_path / "drivers", FILES)
    return replace(ANSWERS, sources=(_place(tmp_path / "base"),), driver_sources=(_place(tmp_path / "drivers"),))


def _require(problems: Sequence[Problem]) -> None:
    if wrong := errors(tuple(problems)):
        raise AnswersError(tuple(problem.message for problem in wrong))


def _prepare(answers: Answers, **circumstances: object) -> Prepared:
    found = replace(
        Circumstances(lambda _: HOST, default_brand(), plan_only=True),
        **circumstances,  # type: ignore[arg-type]  # by name
    )
    return prepare(answers, found, _require, lambda count: IDENTITIES)


def _installed(prepared: Prepared) -> list[str]:
    steps = [step for phase in prepared.plan.phases for step in phase.steps]
    return [step.package.name for step in steps if isinstance(step, InstallPackage)]


def test_packages_of_a_driver_disk_are_installed_and_the_plan_says_that_nothing_is_loaded(answers: Answers) -> None:
    """Outside the installation image, and in a dry run."""
    prepared = _prepare(answers)
    assert _installed(prepared) == ["dom0fs", "kernel", "docs", "tools-bz2", "esp-ko", "esp-bin"]
    (step,) = [step for phase in prepared.plan.phases for step in phase.steps if isinstance(step, RebuildInitrd)]
    assert step.firmware == ("/lib/firmware/esp.bin",)
    said = "\n".join(prepared.plan.describe())
    assert "driver disk acme:drivers (Drivers): not loaded here, which only the booted installation image does" in said


def test_drivers_are_loaded_before_disks_are_looked_at_and_checked(answers: Answers, tmp_path: Path) -> None:
    """Without them the machine has not got the disk of the answers."""
    told: list[str] = []

    def load(places: Sequence[Location]) -> tuple[Repository, ...]:
        told.extend(place.shown() for place in places)
        return find_repositories(places[0], None)

    def facts(with_image: bool) -> Host:
        return HOST if told else replace(HOST, disks=())

    prepared = _prepare(answers, load_drivers=load, read_facts=facts)
    assert told == [str(tmp_path / "drivers")]
    assert "esp-ko" in _installed(prepared)
    assert "note: driver disk acme:drivers (Drivers): loaded on this machine, and installed" in prepared.plan.describe()
    with pytest.raises(AnswersError, match="sda"):
        _prepare(answers, read_facts=lambda with_image: replace(HOST, disks=()))


def test_drivers_of_sources_are_offered_before_disks_are_looked_at_but_not_those_of_driver_disks(
    answers: Answers, tmp_path: Path
) -> None:
    """Without them the machine has not got the disk of the answers; each source is read once."""
    add_driver_repository(tmp_path / "base", b"a driver", b"firmware")
    offered: list[str] = []
    read: list[str] = []

    def find(place: Location, media: Media) -> tuple[Repository, ...]:
        read.append(place.shown())
        return find_repositories(place, media)

    def facts(with_image: bool) -> Host:
        return HOST if offered else replace(HOST, disks=())

    prepared = _prepare(
        answers,
        load_drivers=lambda places: find_repositories(places[0], None),
        offer_drivers=lambda found: offered.extend(repository.id for repository in found),
        read_facts=facts,
        readers=Readers(find, check_packages),
    )
    assert offered == ["xs:main", "acme:nic"]
    assert read == [str(tmp_path / "base")]
    assert {"nic-ko", "nic-bin", "esp-ko"} < set(_installed(prepared))


def test_repository_of_another_product_offers_no_drivers(answers: Answers, tmp_path: Path) -> None:
    other = write_driver_disk(tmp_path / "other", {"nic.ko": b"a driver"}, repository="acme:nic")
    (other / "XS-REPOSITORY").write_text("acme:nic\nNIC\nOther\n4.0.1-1\n", encoding="ascii")
    offered: list[Repository] = []
    with pytest.raises(AnswersError, match="made for Other"):
        _prepare(replace(answers, sources=(*answers.sources, _place(other))), offer_drivers=offered.extend)
    assert not offered


def test_disk_that_was_loaded_by_a_kernel_word_is_installed_too(answers: Answers, tmp_path: Path) -> None:
    def load(places: Sequence[Location]) -> tuple[Repository, ...]:
        assert not places
        return find_repositories(_place(tmp_path / "drivers"), None)

    assert "esp-ko" in _installed(_prepare(replace(answers, driver_sources=()), load_drivers=load))


def test_driver_disk_that_is_among_the_sources_is_installed_once(answers: Answers, tmp_path: Path) -> None:
    both = replace(answers, sources=(*answers.sources, _place(tmp_path / "drivers")))
    assert _installed(_prepare(both)).count("esp-ko") == 1


def test_other_repository_of_the_same_id_is_an_error(answers: Answers, tmp_path: Path) -> None:
    other = write_driver_disk(tmp_path / "other", {"esp.ko": b"another"})
    with pytest.raises(AnswersError, match="acme:drivers is also at"):
        _prepare(replace(answers, sources=(*answers.sources, _place(other))))


def test_driver_disk_of_another_product_is_refused(answers: Answers, tmp_path: Path) -> None:
    (tmp_path / "drivers" / "XS-REPOSITORY").write_text("acme:drivers\nDrivers\nOther\n4.0.1-1\n", encoding="ascii")
    with pytest.raises(AnswersError, match="made for Other"):
        _prepare(answers)


def test_source_without_drivers_is_no_driver_disk(answers: Answers, tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="no driver disk"):
        _prepare(replace(answers, driver_sources=(_place(tmp_path / "base"),)))


def test_package_that_is_missing_on_the_driver_disk_is_found_before_anything_is_changed(
    answers: Answers, tmp_path: Path
) -> None:
    (tmp_path / "drivers" / "esp.ko").unlink()
    with pytest.raises(PackageError, match="esp-ko"):
        _prepare(answers)
