"""Several local media: all their repositories are installed, each once, and one that is listed must be there."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from backend.installation import Circumstances, Prepared, prepare
from backend.repository import find_repositories
from backend.steps.packages import InstallPackage
from installer.answerfile import read_answerfile
from installer.model.brand import default_brand
from installer.model.errors import AnswersError, RepositoryError, SourceError, UsageError
from installer.model.problem import Problem, errors
from installer.model.secret import Secret
from installer.model.source import LOCAL_MEDIA, Location, LocationKind
from tests.backend.sample import ANSWERS, HOST, IDENTITIES
from tests.backend.small_repository import small_repository, tarball
from tests.driver_disk import write_driver_disk
from tests.end_to_end.command import answerfile

LOCAL = '<source type="local"/>'
GUEST = {"guest.bz2": tarball({"opt/xensource/guest": b"guest"})}


@pytest.fixture
def base(tmp_path: Path) -> Path:
    return small_repository(tmp_path / "base")


@pytest.fixture
def pack(tmp_path: Path) -> Path:
    write_driver_disk(tmp_path / "pack" / "packages.linux", GUEST, repository="xs:linux")
    return tmp_path / "pack"


def _require(problems: Sequence[Problem]) -> None:
    if wrong := errors(tuple(problems)):
        raise AnswersError(tuple(problem.message for problem in wrong))


def _prepare(sources: tuple[Location, ...], *media: Path) -> Prepared:
    circumstances = Circumstances(lambda _: HOST, default_brand(), plan_only=True, media=media or None)
    return prepare(replace(ANSWERS, sources=sources), circumstances, _require, lambda count: IDENTITIES)


def _installed(prepared: Prepared) -> list[str]:
    steps = [step for phase in prepared.plan.phases for step in phase.steps]
    return [step.package.name for step in steps if isinstance(step, InstallPackage)]


@pytest.mark.parametrize("listed", [1, 2])
def test_packages_of_all_media_are_installed(base: Path, pack: Path, listed: int) -> None:
    """The base comes first wherever it lies."""
    prepared = _prepare((LOCAL_MEDIA,) * listed, pack, base)
    assert _installed(prepared) == ["dom0fs", "kernel", "docs", "guest-bz2"]


def test_medium_that_is_listed_and_not_there_is_an_error(base: Path, pack: Path) -> None:
    with pytest.raises(SourceError, match=r"list 2 local media, and only one is there: .*base"):
        _prepare((LOCAL_MEDIA,) * 2, base)
    with pytest.raises(SourceError, match=r"list 3 local media, and only 2 are there: .*base, .*pack"):
        _prepare((LOCAL_MEDIA,) * 3, base, pack)
    with pytest.raises(UsageError, match="--media"):
        _prepare((LOCAL_MEDIA,) * 2)


def test_one_repository_on_two_media_is_installed_once_and_the_other_stands_in(base: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(base, tmp_path / "copy")
    prepared = _prepare((LOCAL_MEDIA,), base, copy)
    assert _installed(prepared) == ["dom0fs", "kernel", "docs"]
    (main,) = prepared.inputs.repositories
    assert [place.shown() for place in (main.location, *main.fallbacks)] == [
        str(base / "packages.main"),
        str(copy / "packages.main"),
    ]


def test_medium_that_lacks_a_package_is_passed_over(base: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(base, tmp_path / "copy")
    (base / "packages.main" / "kernel.tar.bz2").unlink()
    (main,) = _prepare((LOCAL_MEDIA,), base, copy).inputs.repositories
    assert main.location.shown() == str(copy / "packages.main")


def test_different_repositories_of_one_id_on_two_media_are_an_error(base: Path, tmp_path: Path) -> None:
    """An old disc that was left in a drive must not be taken for the one that is meant."""
    old = shutil.copytree(base, tmp_path / "old")
    (old / "packages.main" / "XS-REPOSITORY").write_text("xs:main\nOld pack\nXenServer\n4.0.1-0\n", encoding="ascii")
    with pytest.raises(RepositoryError) as caught:
        _prepare((LOCAL_MEDIA,), old, base)
    assert "they differ: Old pack 4.0.1-0 at" in str(caught.value)
    assert f"and Test base pack 4.0.1-1 at {base / 'packages.main'}" in str(caught.value)


def test_medium_without_any_repository_is_an_error(base: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(SourceError, match="no installation repository was found"):
        find_repositories(LOCAL_MEDIA, (base, tmp_path / "empty"))


def test_local_media_and_an_address_stand_in_for_one_another(base: Path, pack: Path, tmp_path: Path) -> None:
    copies = [shutil.copytree(base, tmp_path / name) for name in ("copy", "elsewhere")]
    elsewhere = Location(LocationKind.URL, Secret(str(copies[1])))
    prepared = _prepare((LOCAL_MEDIA, elsewhere, LOCAL_MEDIA), base, copies[0], pack)
    main, linux = prepared.inputs.repositories
    assert linux.fallbacks == ()
    assert [place.shown() for place in main.fallbacks] == [f"{copy}/packages.main" for copy in copies]


def test_answerfile_lists_local_media_several_times_without_a_warning() -> None:
    draft, problems = read_answerfile(answerfile("", source=LOCAL * 2).encode(), "answers.xml")
    assert draft.sources == (LOCAL_MEDIA,) * 2 and not problems
