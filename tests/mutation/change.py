"""A mutant in the running program: other code in the functions that changed, or the module imported anew."""

from __future__ import annotations

import gc
import importlib
import importlib.abc
import importlib.machinery
import importlib.util
import inspect
import sys
from collections.abc import Sequence
from functools import cache
from types import CodeType, FunctionType, ModuleType

from tests.mutation.mutants import ROOT

OURS = ("installer", "backend", "screens", "tests")
Patch = tuple[FunctionType, CodeType]


def patches(module: str, source: str) -> list[Patch] | None:
    """Return the functions that have other code in `source`; None if something else has changed, too."""
    path = str(ROOT / module)
    pairs: list[tuple[CodeType, CodeType]] = []
    old = compile((ROOT / module).read_text(encoding="utf-8"), path, "exec", dont_inherit=True)
    if not _compare(old, compile(source, path, "exec", dont_inherit=True), pairs):
        return None
    result: list[Patch] = []
    for before, after in pairs:
        owners = [found for found in _living(path) if found.__code__ == before]
        if not owners or before.co_freevars != after.co_freevars:
            return None
        result += [(owner, after) for owner in owners]
    return result


@cache
def _living(path: str) -> list[FunctionType]:
    """Return the functions of a file; the caller's process never changes them, only its children do."""
    found = [thing for thing in gc.get_objects() if isinstance(thing, FunctionType)]
    return [function for function in found if function.__code__.co_filename == path]


def _compare(old: CodeType, new: CodeType, pairs: list[tuple[CodeType, CodeType]]) -> bool:
    """Collect pairs of functions that differ; False if the code around them differs."""
    if old == new:
        return True
    if old.co_flags & inspect.CO_OPTIMIZED:  # of a function; of a class or module otherwise
        pairs.append((old, new))
        return True
    inner, others = _constants(old)
    new_inner, new_others = _constants(new)
    same = old.co_code == new.co_code and old.co_names == new.co_names and others == new_others
    if not same or len(inner) != len(new_inner):
        return False
    known = [_compare(a, b, pairs) for a, b in zip(inner, new_inner, strict=True)]  # all, for the pairs
    return all(known)


def _constants(code: CodeType) -> tuple[list[CodeType], list[object]]:
    inner = [value for value in code.co_consts if isinstance(value, CodeType)]
    return inner, [(type(value), value) for value in code.co_consts if not isinstance(value, CodeType)]


class _Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds one module, with other source."""

    def __init__(self, name: str, path: str, source: str) -> None:
        self._name, self._path, self._source = name, path, source

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if fullname != self._name:
            return None
        return importlib.util.spec_from_file_location(fullname, self._path, loader=self)

    def exec_module(self, module: ModuleType) -> None:
        exec(compile(self._source, self._path, "exec", dont_inherit=True), module.__dict__)


def import_anew(module: str, source: str) -> bool:
    """Forget all that is ours and import the module with other source; False if it cannot be imported."""
    for name in [name for name in sys.modules if name.split(".")[0] in OURS]:
        del sys.modules[name]
    name = module.removesuffix(".py").replace("/", ".")
    sys.meta_path.insert(0, _Finder(name, str(ROOT / module), source))
    try:
        importlib.import_module(name)
    except Exception:
        return False
    return True
