"""What a person needs to hear of a file that is not XML: the parser's error codes in plain words."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from xml.parsers import expat

from installer.model.wording import QUOTED_LENGTH

_ENTITY_BEGUN = re.compile(rb"&[^\s;&<>\"']*[^&<>\"']?$")


def tag(name: str) -> str:
    """Return `<name>` for a message: shortened, on one line."""
    shown = "".join(c if c.isprintable() else "?" for c in name[:QUOTED_LENGTH])
    return f"<{shown}>" if len(name) <= QUOTED_LENGTH else f"<{shown}…>"


@dataclass(frozen=True)
class Fault:
    """Where the parser stopped: the whole file, the byte offset, and the innermost open element (or nothing)."""

    data: bytes = field(repr=False)
    offset: int
    inside: str

    def is_in_end_tag(self) -> bool:
        """True between `</` and the `>` after it."""
        start = self.data.rfind(b"<", 0, self.offset + 1)
        return self.data[start : start + 2] == b"</" and self.data.find(b">", start, self.offset) < 0

    def is_at_end(self) -> bool:
        """True behind the last character of the file."""
        return self.offset >= len(self.data.rstrip())

    def begins_with_tag(self) -> bool:
        """True when the file's first character is a `<`."""
        return self.data.lstrip().startswith(b"<")

    def is_html(self) -> bool:
        """True when the file is a web page, such as a server sends for an error."""
        return self.data[:200].lstrip().lower().startswith((b"<!doctype html", b"<html"))

    def is_after_less_than(self) -> bool:
        """True when the character before or at the place is a `<`."""
        return b"<" in self.data[max(self.offset - 1, 0) : self.offset + 1]

    def is_after_ampersand(self) -> bool:
        """True when an entity was begun and does not go on as one."""
        return bool(_ENTITY_BEGUN.search(self.data[max(self.offset - 80, 0) : self.offset + 1]))


HTML_PAGE = ("this is an HTML page, not an answerfile", "is its address right?")
DOCUMENT_TYPE = ("document types and entities are not read", "remove the <!DOCTYPE …>")

_CODES = expat.errors.codes
_CUT_OFF = (_CODES[expat.errors.XML_ERROR_UNCLOSED_TOKEN], _CODES[expat.errors.XML_ERROR_PARTIAL_CHAR])
_BY_CODE = {
    _CODES[expat.errors.XML_ERROR_JUNK_AFTER_DOC_ELEMENT]: (
        "something stands behind the end of the root element",
        "all elements stand inside one <installation>",
    ),
    _CODES[expat.errors.XML_ERROR_UNDEFINED_ENTITY]: (
        "only the entities &amp; &lt; &gt; &quot; and &apos; are known",
        "write any other character itself",
    ),
    _CODES[expat.errors.XML_ERROR_MISPLACED_XML_PI]: (
        "the XML declaration is not at the very beginning",
        "nothing, not even a blank line, may stand before <?xml",
    ),
}


def explain(code: int, fault: Fault) -> tuple[str, str]:
    """Return what is wrong and a hint for an error code of expat."""
    if not fault.data.strip():
        return "the file is empty", ""
    if not fault.begins_with_tag():
        return "the file is not XML: it does not begin with an element", "an answerfile begins with <installation>"
    if fault.is_html():
        return HTML_PAGE
    if code in _BY_CODE:
        return _BY_CODE[code]
    if fault.inside and code == _CODES[expat.errors.XML_ERROR_TAG_MISMATCH]:
        return f"this end tag does not close {fault.inside}, which is open", "every element needs its own end tag"
    if code in _CUT_OFF:
        return "the file ends in the middle of a tag", ""
    if fault.inside and fault.is_at_end():
        return f"the file ends before the end tag of {fault.inside}", ""
    if fault.inside and fault.is_in_end_tag():
        return f"the end tag is broken; {fault.inside} is open", "write the end tag in one piece, without blanks"
    if fault.is_after_ampersand():
        return "a & stands by itself", "write it as &amp;"
    if fault.is_after_less_than():
        return "a < stands where no element can begin", "in a text or value write it as &lt;"
    what = expat.ErrorString(code) or ""
    detail = "" if code == _CODES[expat.errors.XML_ERROR_INVALID_TOKEN] else f": {what}"
    return f"this is not well-formed XML{detail}", ""
