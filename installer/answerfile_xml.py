"""An XML file as a tree that knows line and column of every element, attribute value and text."""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass, field
from xml.parsers import expat

from installer.answerfile_faults import DOCUMENT_TYPE, HTML_PAGE, Fault, explain, tag
from installer.model.errors import InvalidAnswer
from installer.model.wording import quoted

MAX_BYTES = 1024 * 1024  # the longest public answerfile has 6 kB
MAX_DEPTH = 16  # the deepest element of any answerfile is the third
BLANKS = " \t\r\n"  # XML 1.0 2.3: white space


@dataclass(frozen=True, order=True)
class Position:
    """A place in the file; both count from 1, columns in characters."""

    line: int
    column: int


@dataclass(frozen=True)
class Attribute:
    """One attribute; `position` is that of the first character of its value."""

    name: str
    value: str = field(repr=False)
    position: Position


@dataclass(frozen=True)
class Element:
    """One element. `raw` is all its own text; `text_position` that of the first character of `text`."""

    name: str
    position: Position
    attributes: tuple[Attribute, ...] = ()
    children: tuple[Element, ...] = ()
    raw: str = field(default="", repr=False)
    text_position: Position = Position(1, 1)

    @property
    def text(self) -> str:
        """The element's own text without white space around it."""
        return self.raw.strip(BLANKS)

    def attribute(self, name: str) -> Attribute | None:
        """Return the attribute of that name, or None."""
        return next((attribute for attribute in self.attributes if attribute.name == name), None)

    def get(self, name: str, default: str = "") -> str:
        """Return an attribute's value without white space around it, or the default."""
        attribute = self.attribute(name)
        return default if attribute is None else attribute.value.strip(BLANKS)

    def child(self, name: str) -> Element | None:
        """Return the first child of that name, or None."""
        return next((child for child in self.children if child.name == name), None)


@dataclass(frozen=True)
class Document:
    """The root element, and where processing instructions stand (with their names), which nobody reads."""

    root: Element
    instructions: tuple[tuple[Position, str], ...] = ()


class MalformedXml(InvalidAnswer):
    """The file is not an XML document that may be read; `position` says where that shows."""

    def __init__(self, what: str, position: Position, *, hint: str = "") -> None:
        super().__init__(what, hint=hint)
        self.position = position


def parse_xml(data: bytes) -> Document:
    """Return the tree of an XML document (XML 1.0 without document types and entities).

    Raises MalformedXml for any bytes that are none.
    """
    if len(data) > MAX_BYTES:
        raise MalformedXml(f"the file is larger than {MAX_BYTES} bytes", Position(1, 1), hint="is it an answerfile?")
    return _TreeBuilder(_decode(data)).build()


_BYTE_ORDER_MARKS = ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be"))
_WITHOUT_MARK = ((b"<\0", "utf-16-le"), (b"\0<", "utf-16-be"))  # XML 1.0 appendix F.1
_DECLARED = re.compile(rb"<\?xml[^>]{0,200}?\sencoding\s{0,9}=\s{0,9}[\"']([A-Za-z0-9._-]{1,40})[\"']")
_ENCODINGS = {
    "utf-8": "utf-8",
    "utf8": "utf-8",
    "us-ascii": "utf-8",
    "ascii": "utf-8",
    "iso-8859-1": "iso-8859-1",
    "latin-1": "iso-8859-1",
    "latin1": "iso-8859-1",
    "iso-8859-15": "iso-8859-15",
    "windows-1252": "cp1252",
    "cp1252": "cp1252",
}


def _decode(data: bytes) -> str:
    """Return the file's text; a byte-order mark goes before the declaration, UTF-8 is the default."""
    encoding = ""
    for mark, name in _BYTE_ORDER_MARKS:
        if data.startswith(mark):
            encoding, data = name, data[len(mark) :]
            break
    for start, name in _WITHOUT_MARK:
        if not encoding and data.startswith(start):
            encoding = name
    declared = _DECLARED.match(data)
    if not encoding and declared:
        word = declared[1].decode("ascii")
        encoding = _ENCODINGS.get(word.lower(), "")
        if not encoding:
            position = Position(data.count(b"\n", 0, declared.start(1)) + 1, declared.start(1) + 1)
            raise MalformedXml(f"the file is not in the encoding that it names, {quoted(word)}", position, hint=_SAVE)
    try:
        return data.decode(encoding or "utf-8")
    except UnicodeDecodeError as error:
        before = data[: error.start].decode(error.encoding, "replace")
        what = f"the byte 0x{data[error.start]:02x} is no text in the encoding {error.encoding}"
        position = _Lines(before.encode()).position(len(before.encode()))
        raise MalformedXml(what, position, hint=_SAVE) from None


_SAVE = 'save the file as UTF-8, or name its encoding, as in <?xml version="1.0" encoding="iso-8859-1"?>'


class _Lines:
    """Line and column of byte offsets of a UTF-8 text; asked in rising order it reads the text once."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._starts = [0, *(match.end() for match in re.finditer(rb"\r\n|\n|\r", data))]
        self._offset, self._column = 0, 1

    def position(self, offset: int) -> Position:
        line = bisect_right(self._starts, offset)
        start = self._starts[line - 1]
        if not start <= self._offset <= offset:
            self._offset, self._column = start, 1
        self._column += len(self._data[self._offset : offset].decode("utf-8", "replace"))
        self._offset = offset
        return Position(line, self._column)


@dataclass
class _Open:
    """An element whose end tag has not come yet."""

    name: str
    position: Position
    attributes: tuple[Attribute, ...]
    children: list[Element] = field(default_factory=list)
    text: list[str] = field(default_factory=list, repr=False)
    text_position: Position | None = None

    def label(self) -> str:
        return f"{tag(self.name)} of line {self.position.line}"

    def close(self) -> Element:
        raw = "".join(self.text)
        text_position = self.text_position or self.position
        return Element(self.name, self.position, self.attributes, tuple(self.children), raw, text_position)


_QUOTE = re.compile(rb"[\"']")


class _TreeBuilder:
    """Feeds one document to expat and keeps what comes back with its place."""

    def __init__(self, text: str) -> None:
        self._data = text.encode()
        self._lines = _Lines(self._data)
        self._open: list[_Open] = []
        self._root: Element | None = None
        self._instructions: list[tuple[Position, str]] = []
        self._parser = expat.ParserCreate("utf-8")
        self._parser.ordered_attributes = True
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._characters
        self._parser.StartDoctypeDeclHandler = self._doctype
        self._parser.ProcessingInstructionHandler = self._instruction

    def build(self) -> Document:
        try:
            self._parser.Parse(self._data, True)
        except expat.ExpatError as error:
            raise self._malformed(error) from None
        if self._root is None:  # expat says so itself
            raise MalformedXml("the file is empty", Position(1, 1))
        return Document(self._root, tuple(self._instructions))

    def _here(self) -> Position:
        return self._lines.position(self._parser.CurrentByteIndex)

    def _start(self, name: str, pairs: list[str]) -> None:
        if len(self._open) >= MAX_DEPTH:
            raise MalformedXml("elements are nested too deep", self._here(), hint="is it an answerfile?")
        here = self._here()
        places = self._value_positions(len(pairs) // 2)
        attributes = tuple(map(Attribute, pairs[::2], pairs[1::2], places))
        self._open.append(_Open(name, here, attributes))

    def _value_positions(self, count: int) -> list[Position]:
        """Return where the values of the start tag at hand begin; expat has found it well-formed."""
        places: list[Position] = []
        offset = self._parser.CurrentByteIndex
        for _ in range(count):
            opening = _QUOTE.search(self._data, offset)
            if opening is None:  # cannot be: a well-formed value is quoted
                break
            places.append(self._lines.position(opening.end()))
            offset = self._data.find(opening[0], opening.end()) + 1
        return places

    def _end(self, name: str) -> None:
        element = self._open.pop().close()
        if self._open:
            self._open[-1].children.append(element)
        else:
            self._root = element

    def _characters(self, text: str) -> None:
        element = self._open[-1]
        element.text.append(text)
        stripped = text.lstrip(BLANKS)
        if stripped and element.text_position is None:
            # blanks take one byte each, and expat gives line ends by themselves
            element.text_position = self._lines.position(self._parser.CurrentByteIndex + len(text) - len(stripped))

    def _doctype(self, name: str, system: str | None, public: str | None, has_subset: int) -> None:
        start = self._data.rfind(b"<!DOCTYPE", 0, self._parser.CurrentByteIndex)
        what, hint = HTML_PAGE if name.lower() == "html" else DOCUMENT_TYPE
        raise MalformedXml(what, self._lines.position(start), hint=hint)

    def _instruction(self, target: str, data: str) -> None:
        self._instructions.append((self._here(), target))

    def _malformed(self, error: expat.ExpatError) -> MalformedXml:
        offset = max(0, self._parser.ErrorByteIndex)
        open_tag = self._open[-1] if self._open else None
        what, hint = explain(error.code, Fault(self._data, offset, open_tag.label() if open_tag else ""))
        return MalformedXml(what, self._lines.position(offset), hint=hint)
