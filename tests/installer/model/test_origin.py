"""Where a value came from, in words."""

from __future__ import annotations

from installer.model.origin import Origin, origin_of


def test_a_place_says_more_than_its_kind() -> None:
    assert str(Origin("answerfile", "a.xml:1:2")) == "a.xml:1:2" and str(Origin("default", "")) == "default"


def test_a_field_has_the_origin_of_what_it_is_part_of() -> None:
    origins = {"disks": Origin("typed", ""), "disks.primary.0": Origin("answerfile", "a.xml:1:2")}
    assert origin_of(origins, "disks.primary.0").where == "a.xml:1:2"
    assert origin_of(origins, "disks.primary.1").kind == origin_of(origins, "disks").kind == "typed"
    assert origin_of(origins, "keymap") == origin_of({}, "disks")
