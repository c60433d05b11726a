"""What is handed from layer to layer cannot be changed on the way."""

from __future__ import annotations

import dataclasses
import enum
import importlib
import inspect
import pkgutil

import pytest

import installer.model

MODULES = sorted(f"installer.model.{found.name}" for found in pkgutil.iter_modules(installer.model.__path__))


def _classes(module: str) -> list[type]:
    found = importlib.import_module(module)
    return [thing for _, thing in inspect.getmembers(found, inspect.isclass) if thing.__module__ == module]


@pytest.mark.parametrize("module", MODULES)
def test_every_class_of_data_is_frozen(module: str) -> None:
    data = [kind for kind in _classes(module) if dataclasses.is_dataclass(kind)]
    assert not [kind.__name__ for kind in data if "__setattr__" not in vars(kind)]  # which dataclass makes to refuse


@pytest.mark.parametrize("module", MODULES)
def test_every_class_that_names_fields_is_one_of_data(module: str) -> None:
    others = (enum.Enum, Exception)
    named = [kind for kind in _classes(module) if vars(kind).get("__annotations__") and not issubclass(kind, others)]
    plain = [kind for kind in named if not getattr(kind, "_is_protocol", False) and not inspect.isabstract(kind)]
    assert not [kind.__name__ for kind in plain if not dataclasses.is_dataclass(kind) or "__init__" not in vars(kind)]
