"""The answerfile's RELAX NG schema, made from the element table: for editors, and for xmllint."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import product
from xml.sax.saxutils import escape, quoteattr

from installer.element_row import AttributeRow, ElementRow, Text
from installer.elements import ROOTS
from installer.elements_disks import RULE
from installer.model.wishes import Mode

HEAD = """\
<?xml version="1.0" encoding="utf-8"?>
<!-- made from installer/elements.py by `make golden`; do not edit -->
<grammar xmlns="http://relaxng.org/ns/structure/1.0"
         xmlns:a="http://relaxng.org/ns/compatibility/annotations/1.0"
         datatypeLibrary="http://www.w3.org/2001/XMLSchema-datatypes">
"""
Lines = list[str]


def answerfile_schema() -> str:
    """Return the whole schema; it takes each element by all of its names, in any order, and nothing unknown."""
    roots = [line for root in ROOTS for line in _root(root)]
    lines = [*_tag("start", _tag("choice", roots)), *_define("disk-rule", _rule())]
    for row in dict.fromkeys(child for root in ROOTS for child in root.children):
        lines += _define(row.name, _choice(_spellings(row)))
    return HEAD + "".join(f"  {line}\n" for line in lines) + "</grammar>\n"


def _tag(name: str, inner: Iterable[str], attributes: str = "") -> Lines:
    return [f"<{name}{attributes}>", *(f"  {line}" for line in inner), f"</{name}>"]


def _define(name: str, inner: Lines) -> Lines:
    return ["", *_tag("define", inner, f" name={quoteattr(name)}")]


def _choice(options: list[Lines]) -> Lines:
    """One of several patterns; each stays one pattern, as a group where it has several parts."""
    return options[0] if len(options) == 1 else _tag("choice", [line for option in options for line in option])


def _help(text: str) -> str:
    return f"<a:documentation>{escape(text)}</a:documentation>"


def _element(row: ElementRow, content: Lines, name: str) -> Lines:
    return _tag("element", [_help(row.help), *content], f" name={quoteattr(name)}")


def _root(root: ElementRow) -> Iterator[str]:
    """Give the root element once for each mode: each needs and allows elements of its own (spec R35)."""
    row = root.attribute("mode")
    for mode in (Mode(value) for value in row.values) if row else (Mode.RESTORE,):
        given = _given(row, mode) if row else []
        allowed = [item for item in root.attributes if item is not row and (not item.modes or mode in item.modes)]
        others = [line for item in allowed for line in _attribute(item)]
        children = [_child(child, mode) for child in root.children if not child.modes or mode in child.modes]
        inner = _tag("interleave", [line for child in children for line in child])
        yield from _element(root, [*given, *others, *inner], root.name)


def _child(row: ElementRow, mode: Mode) -> Lines:
    required = mode in row.required_in
    often = ("oneOrMore" if required else "zeroOrMore") if row.repeatable else "" if required else "optional"
    ref = [f"<ref name={quoteattr(row.name)}/>"]
    return _tag(often, ref) if often else ref


def _spellings(row: ElementRow) -> list[Lines]:
    """One element under each of its names, and several of them in their wrapper."""
    spelt = [_element(row, _content(row), name) for name in (row.name, *row.aliases)]
    if row.wrapper:
        spelt.append(_tag("element", _tag("zeroOrMore", _choice(list(spelt))), f" name={quoteattr(row.wrapper)}"))
    return spelt


def _content(row: ElementRow) -> Lines:
    if row.patterns:
        return _by_type(row)
    if row.children:
        return _with_children(row)
    attributes = [line for item in row.attributes if item not in RULE for line in _attribute(item)]
    if row.text is Text.OPTIONAL:  # a disk is named, or described
        return [*attributes, *_choice([_data(row.pattern), ['<ref name="disk-rule"/>']])]
    return [*attributes, *(_data(row.pattern) if row.text is Text.REQUIRED else ["<empty/>"])]


def _by_type(row: ElementRow) -> Lines:
    """The attribute type says which text is right."""
    kind = next(item for item in row.attributes if item.name == "type")
    others = [line for item in row.attributes if item is not kind for line in _attribute(item)]
    options = [
        _tag("group", [*_given(kind, value), *(_data(pattern) if pattern else ["<text/>"])])
        for value, pattern in row.patterns
    ]
    return [*others, *_choice(options)]


def _with_children(row: ElementRow) -> Lines:
    """Attributes with certain values bring children with them; without these the children have no meaning."""
    switches = list(dict.fromkeys(child.goes_with for child in row.children))
    names = {name for name, _ in switches}
    others = [line for item in row.attributes if item.name not in names for line in _attribute(item)]
    options: list[Lines] = []
    for turned_on in product((True, False), repeat=len(switches)):
        lines: Lines = []
        children: Lines = []
        for (name, value), on in zip(switches, turned_on, strict=True):
            item = next(item for item in row.attributes if item.name == name)
            lines += _given(item, value) if on else _attribute(item, without=value)
            children += [
                line for child in row.children if on and child.goes_with == (name, value) for line in _beside(child)
            ]
        options.append(_tag("group", [*lines, *(_tag("interleave", children) if children else ["<empty/>"])]))
    return [*others, *_choice(options)]


def _beside(child: ElementRow) -> Lines:
    pattern = _choice(_spellings(child))
    return pattern if child.needed else _tag("optional", pattern)


def _rule() -> Lines:
    """At least one of the attributes that describe a disk, and no text."""
    options: list[Lines] = []
    for first in RULE:
        rest = [line for item in RULE if item is not first for line in _attribute(item)]
        options.append(_tag("group", [*_one(first.name, first, _values(first)), *rest]))
    return _tag("group", [*_choice(options), "<empty/>"])


def _attribute(row: AttributeRow, *, without: str = "") -> Lines:
    values = _values(row, without)
    pattern = _choice([_one(name, row, values) for name in (row.name, *row.aliases)])
    return pattern if row.required else _tag("optional", pattern)


def _given(row: AttributeRow, value: str) -> Lines:
    """The attribute with one value; where that is the default, it may be left out."""
    pattern = _one(row.name, row, [f"<value>{value}</value>"])
    return _tag("optional", pattern) if value == row.default else pattern


def _one(name: str, row: AttributeRow, values: Lines) -> Lines:
    return _tag("attribute", [_help(row.help), *values], f" name={quoteattr(name)}")


def _values(row: AttributeRow, without: str = "") -> Lines:
    if not row.values:
        return _data(row.pattern)
    return _choice([[f"<value>{value}</value>"] for value in row.values if value != without])


def _data(pattern: str) -> Lines:
    return _tag("data", [f'<param name="pattern">{escape(pattern)}</param>'], ' type="token"')
