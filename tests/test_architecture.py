"""The import rule, where effects may be, and how large a module may grow (ARCHITECTURE.md)."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
TOPS = ("installer", "backend", "screens", "initrd", "tests")
SOURCES = sorted(path for top in ("installer", "backend", "screens") for path in ROOT.glob(f"{top}/**/*.py"))
COMPOSITION_ROOTS = {
    f"installer/{name}.py" for name in ("command", "main", "main_parts", "main_repo", "main_restore", "main_screens")
}
# the only modules that start programs or write files, and what each may do
EFFECTS = {f"backend/{name}.py" for name in ("real_system", "confined", "process", "scratch", "log")}
EFFECTS |= {f"backend/{name}.py" for name in ("raw_disks", "mounts", "trees", "carried_files")}
EFFECT_CALLS = {"write_text", "write_bytes", "mkdir", "makedirs", "rmtree", "mkdtemp", "TemporaryDirectory"}
EFFECT_CALLS |= {"symlink_to", "system", "popen"}
MODULE_LIMIT = 300


def _name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def imports_of(source: str) -> set[str]:
    """Return the dotted names a module imports, wherever in it the import stands."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add(node.module or "")
    return found


def allowed(module: str, imported: str) -> bool:
    """Say whether a module of ours may import a module of ours."""
    top = imported.split(".")[0]
    if top not in ("installer", "backend", "screens") or module in COMPOSITION_ROOTS:
        return True
    if module.startswith("installer/model/"):
        return imported.startswith("installer.model")
    if module.startswith("installer/"):
        return top == "installer"
    own = module.split("/")[0]
    return top == own or imported.startswith("installer.model") or imported == "installer"


@pytest.mark.parametrize("path", SOURCES, ids=_name)
def test_module_imports_only_what_its_layer_may(path: Path) -> None:
    wrong = [name for name in imports_of(path.read_text(encoding="utf-8")) if not allowed(_name(path), name)]
    assert not wrong


def _of_page(beginning: str) -> set[str]:
    """Return the modules that the one line of ARCHITECTURE.md which begins so names; a directory holds for the next."""
    line = next(line for line in PAGE.splitlines() if line.startswith(beginning))
    directory, found = "", set()
    for name in re.findall(r"`([\w./]+\.py)`", line):
        directory = f"{Path(name).parent}/" if "/" in name else directory
        found.add(f"{directory}{Path(name).name}")
    return found


def test_page_names_the_modules_that_may_more_than_others() -> None:
    assert _of_page("- Only `installer/main.py` imports both sides") == COMPOSITION_ROOTS
    assert _of_page("- Programs are started") == EFFECTS


def test_page_names_only_modules_that_are_there() -> None:
    names = re.findall(r"`([\w./*]+\.py)`", PAGE)
    assert len(names) > 100
    assert [
        name for name in names if not any(next(ROOT.glob(f"{top}/**/{Path(name).name}"), None) for top in TOPS)
    ] == []
    assert [name for name in names if "/" in name and not any(ROOT.glob(name))] == []


@pytest.mark.parametrize(
    ("module", "imported"),
    [
        ("installer/model/host.py", "backend.system"),
        ("installer/model/host.py", "installer.options"),
        ("backend/layout.py", "screens.app"),
        ("backend/layout.py", "installer.options"),
        ("installer/options.py", "backend.system"),
        ("screens/app.py", "backend.system"),
    ],
)
def test_rule_refuses_an_arrow_in_the_wrong_direction(module: str, imported: str) -> None:
    assert not allowed(module, imported)


@pytest.mark.parametrize("path", SOURCES, ids=_name)
def test_urwid_stays_in_screens(path: Path) -> None:
    if _name(path).startswith("screens/"):
        return
    assert "urwid" not in {name.split(".")[0] for name in imports_of(path.read_text(encoding="utf-8"))}


def effects_in(source: str) -> list[str]:
    """Return the calls of a module that start programs, make directories or write files."""
    found: list[str] = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import | ast.ImportFrom):
            names = {alias.name for alias in node.names} | {getattr(node, "module", "") or ""}
            found += [f"import {name}" for name in names if name in ("subprocess", "shutil.rmtree")]
        if not isinstance(node, ast.Call):
            continue
        function = node.func
        name = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
        if name in EFFECT_CALLS:
            owner = function.value if isinstance(function, ast.Attribute) else None
            of_system = isinstance(owner, ast.Attribute | ast.Name) and "system" in ast.unparse(owner)
            if not of_system:
                found.append(f"{ast.unparse(function)}()")
        if name == "open" and _opens_for_writing(node):
            found.append(ast.unparse(node))
    return found


def _opens_for_writing(call: ast.Call) -> bool:
    words = [*call.args, *(keyword.value for keyword in call.keywords if keyword.arg == "mode")]
    modes = [word.value for word in words if isinstance(word, ast.Constant) and isinstance(word.value, str)]
    return any(len(mode) <= 3 and set(mode) <= set("rwaxbt+") and set(mode) & set("wax+") for mode in modes)


@pytest.mark.parametrize("path", SOURCES, ids=_name)
def test_only_the_system_modules_change_anything(path: Path) -> None:
    if _name(path) in EFFECTS:
        return
    assert effects_in(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    "source",
    ["import subprocess", "open('x', 'w')", "Path('x').write_text('y')", "os.makedirs('x')", "Path('x').mkdir()"],
)
def test_an_effect_is_seen(source: str) -> None:
    assert effects_in(source)


@pytest.mark.parametrize("path", SOURCES, ids=_name)
def test_module_says_in_one_sentence_what_it_is_for(path: Path) -> None:
    text = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
    assert text and text.splitlines()[0].endswith((".", ":"))


@pytest.mark.parametrize("path", SOURCES, ids=_name)
def test_module_is_not_too_long_to_read(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= MODULE_LIMIT


@pytest.mark.parametrize("path", SOURCES, ids=_name)
def test_program_code_neither_asserts_nor_swallows_everything(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    asserts = [node.lineno for node in ast.walk(tree) if isinstance(node, ast.Assert)]
    bare = [node.lineno for node in ast.walk(tree) if isinstance(node, ast.ExceptHandler) and node.type is None]
    assert not asserts and not bare
