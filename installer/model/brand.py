"""What an installer accepts: product, versions and main repository, and whether repositories fit."""

from __future__ import annotations

import configparser
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from fnmatch import fnmatchcase
from importlib.resources import files

from installer.model.errors import InstallerError
from installer.model.problem import Problem, Severity
from installer.model.source import Package, Repository

SECTION = "brand"
BRAND_FILE = "brand.ini"


@dataclass(frozen=True)
class Brand:
    """`versions` are patterns with `*`, as in `4.0.1-*`; so are those of hosts that can be installed over.

    `former_products` are what older releases called themselves; `first_upgrade` is what hosts too old for an upgrade
    are upgraded to first.
    """

    product: str
    versions: tuple[str, ...]
    main_repository: str
    former_products: tuple[str, ...] = ()
    reinstalled: tuple[str, ...] = ()
    upgraded: tuple[str, ...] = ()
    first_upgrade: str = ""

    def accepts(self, version: str) -> bool:
        """Say whether a repository's version is one of those this installer is made for."""
        return any(fnmatchcase(version, pattern) for pattern in self.versions)


def default_brand() -> Brand:
    """Return what this installer accepts, as its brand file says."""
    return parse_brand(files("installer").joinpath("data/brand.ini").read_text(encoding="utf-8"))


def parse_brand(text: str) -> Brand:
    """Read the brand file; raises InstallerError when it is not complete."""
    parser = configparser.ConfigParser(interpolation=None)
    try:
        parser.read_string(text)
        section = parser[SECTION]
        product, versions, main = section["product"], section["versions"].split(), section["main-repository"]
    except (configparser.Error, KeyError) as error:
        raise InstallerError(f"the brand file cannot be read: {error}", where=BRAND_FILE) from error
    if not (product and versions and main):
        raise InstallerError("product, versions or main-repository is empty", where=BRAND_FILE)
    former, reinstalled, upgraded = (section.get(key, "") for key in ("former-products", "reinstall", "upgrade"))
    return Brand(
        product,
        tuple(versions),
        main,
        former_products=tuple(former.split()),
        reinstalled=tuple(reinstalled.split()),
        upgraded=tuple(upgraded.split()),
        first_upgrade=section.get("upgrade-first", ""),
    )


def check_repositories(
    repositories: Sequence[Repository], skipped_packages: Sequence[str], brand: Brand, *, accept_version: bool
) -> tuple[Problem, ...]:
    """Return everything that speaks against installing these repositories without the packages to be skipped."""
    problems: list[Problem] = []
    for repository in repositories:
        problems += _fit(repository, brand, accept_version=accept_version)
    problems += _main(repositories, brand)
    problems += _duplicates(repositories)
    problems += _skipped(repositories, skipped_packages)
    return tuple(problems)


def check_additional(repositories: Sequence[Repository], brand: Brand) -> tuple[Problem, ...]:
    """Return what speaks against adding repositories to an installed host; another version is only a warning."""
    problems: list[Problem] = []
    for repository in repositories:
        problems += _fit(repository, brand, accept_version=True)
    return (*problems, *_duplicates(repositories))


def _error(message: str, repository: Repository | None = None, hint: str = "") -> Problem:
    where = repository.location.shown() if repository else ""
    return Problem(Severity.ERROR, message, where=where, hint=hint)


def _fit(repository: Repository, brand: Brand, *, accept_version: bool) -> Iterable[Problem]:
    """Another product never fits; of another version the user decides (G C.3.2)."""
    if repository.product != brand.product:
        what = f"repository {repository.id} is made for {repository.product}, not for {brand.product}"
        yield _error(what, repository, "give the address of another repository")
    elif not brand.accepts(repository.version):
        what = f"repository {repository.id} is of version {repository.version}, not {' or '.join(brand.versions)}"
        if accept_version:
            where = repository.location.shown()
            yield Problem(Severity.WARNING, what, where=where, hint="accepted with --accept-version")
        else:
            yield _error(what, repository, "install it nevertheless with --accept-version")


def _main(repositories: Sequence[Repository], brand: Brand) -> Iterable[Problem]:
    if any(repository.id == brand.main_repository for repository in repositories):
        return
    found = ", ".join(f"{repository.id} ({repository.name})" for repository in repositories)
    what = f"there is no {brand.main_repository} repository, the base of the installation"
    hint = "give the directory that holds packages.main"
    yield _error(f"{what}; found: {found}" if found else what, hint=hint)


def _duplicates(repositories: Sequence[Repository]) -> Iterable[Problem]:
    first: dict[str, Repository] = {}
    for repository in repositories:
        other = first.setdefault(repository.id, repository)
        if other is not repository:
            what = f"repository {repository.id} is also at {other.location.shown()}"
            yield _error(what, repository, "leave one of them out")


def _skipped(repositories: Sequence[Repository], names: Sequence[str]) -> Iterable[Problem]:
    packages = [package for repository in repositories for package in repository.packages]
    for name in dict.fromkeys(names):
        meant = [package for package in packages if package.name == name]
        if not meant:
            yield _unknown(name, packages)
        elif any(package.required for package in meant):
            yield _error(f"package {name} is required and cannot be skipped", hint="take its skip-package out")


def _unknown(name: str, packages: Sequence[Package]) -> Problem:
    optional = [package.name for package in packages if not package.required]
    guess = get_close_matches(name, optional, n=1)
    meant = f"; did you mean {guess[0]}?" if guess else ""
    offered = f"optional packages are: {', '.join(optional)}" if optional else "no package is optional"
    return _error(f"skip-package: there is no package {name}{meant}", hint=offered)
