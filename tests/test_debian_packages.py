"""Every program that the tests ask for and every tool of a plan comes with a package that `make deps` installs."""

from __future__ import annotations

import ast
import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence

from tests.conftest import ROOT
from tests.initrd.test_image_contents import needs_of_all_steps
from tests.needs import PATH, needs

LISTS = ("debian-packages", "initrd/payload/debian-packages", "initrd/image/debian-packages")


def _listed() -> set[str]:
    lines = (line for name in LISTS for line in (ROOT / name).read_text(encoding="utf-8").splitlines())
    return {line for line in lines if line and not line.startswith("#")}


def _programs_of_tests() -> Iterator[str]:
    """Give every program that a call of needs() names."""
    for path in (ROOT / "tests").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "needs":
                words = (word for argument in node.args for word in ast.walk(argument))
                yield from (
                    word.value for word in words if isinstance(word, ast.Constant) and isinstance(word.value, str)
                )


def _paths(program: str) -> tuple[str, ...]:
    """Return a program's path as PATH finds it and where links lead, each also as packages of the old layout say it."""
    found = shutil.which(program, path=PATH)
    if found is None:
        return ()
    both = (found, os.path.realpath(found))
    return tuple(dict.fromkeys((*both, *(path.removeprefix("/usr") for path in both))))


def _owners(paths: Sequence[str]) -> dict[str, str]:
    """Return the package of each path that belongs to one."""
    said = subprocess.run(
        ["dpkg-query", "-S", *paths], capture_output=True, text=True, check=False, env={"LC_ALL": "C", "PATH": PATH}
    )
    rows = (line.rpartition(": ") for line in said.stdout.splitlines() if not line.startswith("diversion "))
    return {path: owners.split(",")[0].partition(":")[0] for owners, _, path in rows}


def _essential() -> set[str]:
    said = subprocess.run(
        ["dpkg-query", "-W", "-f", "${Essential} ${Package}\n"], capture_output=True, text=True, check=True
    )
    return {line.partition(" ")[2] for line in said.stdout.splitlines() if line.startswith("yes ")}


def test_every_program_comes_with_a_package_of_the_lists() -> None:
    """A machine that has more than the lists say hides what they lack; a fresh one does not have it."""
    needs("dpkg-query")
    wanted = {*_programs_of_tests(), *needs_of_all_steps()}
    assert {"ip", "qemu-img", "sfdisk", "vgcreate"} <= wanted
    paths = {program: _paths(program) for program in sorted(wanted)}
    owners = _owners([path for each in paths.values() for path in each])
    enough = _listed() | _essential()
    lacking = {
        program: found
        for program, each in paths.items()
        if each and not (found := {owners[path] for path in each if path in owners}) & enough
    }
    assert lacking == {}
