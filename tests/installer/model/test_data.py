"""What is handed from layer to layer cannot be changed on the way."""

from __future__ import annotations

import dataclasses
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
