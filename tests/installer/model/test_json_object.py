"""Fields of a JSON object that need not be there, and those that must (wrong ones: test_machine_file.py)."""

from __future__ import annotations

import pytest

from installer.model.errors import UsageError
from installer.model.json_object import JsonObject


def _objects(**fields: object) -> JsonObject:
    return JsonObject(fields, "a.json", "")


def test_a_list_must_be_there_unless_it_need_not() -> None:
    assert _objects().items("disks", lambda one: one.text("name"), required=False) == ()
    with pytest.raises(UsageError, match="disks is missing"):
        _objects().items("disks", lambda one: one.text("name"))


def test_half_of_a_surrogate_pair_is_no_text() -> None:
    for letter in ("\ud800", "\udfff"):
        with pytest.raises(UsageError, match="half a surrogate pair"):
            _objects(model=letter).text("model")
    assert _objects(model="\ud7ff\ue000").text("model") == "\ud7ff\ue000"
