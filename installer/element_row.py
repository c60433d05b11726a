"""What one row of the element table says: an element or attribute, its values, and how it is read and written."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from installer.answerfile_reading import Reading
from installer.answerfile_xml import Element
from installer.model.answers import Draft
from installer.model.wishes import Mode


class Text(StrEnum):
    """Whether an element holds text."""

    NONE = "none"
    REQUIRED = "required"
    BY_TYPE = "by type"
    OPTIONAL = "optional"


@dataclass(frozen=True)
class AttributeRow:
    """One attribute. `values` is its closed set, empty when a rule of its own reads it (`form` says which text).

    `pattern` is what the schema takes as its value, an XML Schema regular expression (XSD 1.0 part 2, appendix F); what
    it cannot say is left to the reader.
    """

    name: str
    help: str
    values: tuple[str, ...] = ()
    form: str = ""
    required: bool = False
    default: str = ""
    aliases: tuple[str, ...] = ()
    modes: tuple[Mode, ...] = ()
    pattern: str = ""


@dataclass(frozen=True)
class ElementRow:
    """One element: what may stand in it, how it is read and written, and an example.

    `read` puts its value into the Reading, `write` gives its lines of a Draft; children are read by their parent.
    `required_in` are the modes that cannot do without it, `modes` those it has a meaning in (none: all). `aliases` are
    other names that real files use; `wrapper` is an element that may stand around several of these. `goes_with` is the
    attribute of the parent, and its value, without which it has no meaning; with it, it is `needed` or not. `pattern`
    is as for attributes; `patterns` has one for every value of the attribute type, empty for any text.
    """

    name: str
    help: str
    example: str
    required_in: tuple[Mode, ...] = ()
    repeatable: bool = False
    text: Text = Text.REQUIRED
    attributes: tuple[AttributeRow, ...] = ()
    children: tuple[ElementRow, ...] = ()
    read: Callable[[Reading, Element], None] | None = None
    write: Callable[[Draft], Iterator[str]] | None = None
    aliases: tuple[str, ...] = ()
    wrapper: str = ""
    modes: tuple[Mode, ...] = ()
    goes_with: tuple[str, str] = ("", "")
    needed: bool = False
    pattern: str = ""
    patterns: tuple[tuple[str, str], ...] = ()

    def child(self, name: str) -> ElementRow | None:
        """Return the row of a child element by its name or an alias, or None."""
        return next((row for row in self.children if name == row.name or name in row.aliases), None)

    def attribute(self, name: str) -> AttributeRow | None:
        """Return the row of an attribute by its name or an alias, or None."""
        return next((row for row in self.attributes if name == row.name or name in row.aliases), None)
