"""One JSON object being read field by field: strict on what is there, with the full path of every wrong field."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import TypeVar

from installer.model.errors import UsageError

EnumT = TypeVar("EnumT", bound=StrEnum)
ItemT = TypeVar("ItemT")


class JsonObject:
    """One JSON object being read: each method takes a field out, `finish` complains about those left over."""

    def __init__(self, value: object, file: str, path: str) -> None:
        self._file = file
        self._path = path
        if not isinstance(value, Mapping):
            raise UsageError(f"{path or 'the document'} is {_kind(value)}, not an object", where=file)
        self._rest: dict[str, object] = dict(value)
        self._known: list[str] = []

    def error(self, field: str, complaint: str) -> UsageError:
        """Return the error for a field, with file and full path of the field."""
        return UsageError(f"{self._dotted(field)} {complaint}", where=self._file)

    def _dotted(self, field: str) -> str:
        return f"{self._path}.{field}" if self._path else field

    def _take(self, field: str) -> object:
        self._known.append(field)
        if field not in self._rest:
            raise self.error(field, "is missing")
        return self._rest.pop(field)

    def _absent(self, field: str) -> bool:
        if field in self._rest:
            return False
        self._known.append(field)
        return True

    def text(self, field: str, *, default: str | None = None) -> str:
        """Return a string; without a default it must be there."""
        if default is not None and self._absent(field):
            return default
        return self._string(field, self._take(field))

    def filled(self, field: str) -> str:
        """Return a string that must be there and say something."""
        if not (text := self.text(field)).strip():
            raise self.error(field, "is empty")
        return text

    def text_or_none(self, field: str) -> str | None:
        """Return a string, or None for null or a field that is not there."""
        return None if self._null(field) else self.text(field)

    def _string(self, field: str, value: object) -> str:
        if not isinstance(value, str):
            raise self.error(field, f"is {_kind(value)}, not a string")
        if any("\ud800" <= letter <= "\udfff" for letter in value):
            raise self.error(field, "holds half a surrogate pair, which is no text")
        return value

    def texts(self, field: str) -> tuple[str, ...]:
        """Return a list of strings, none when the field is not there."""
        return tuple(self._string(place, item) for place, item in self._list(field, required=False))

    def number(self, field: str, least: int, most: int, *, default: int | None = None) -> int:
        """Return a whole number within bounds; without a default it must be there."""
        if default is not None and self._absent(field):
            return default
        value = self._take(field)
        if isinstance(value, bool) or not isinstance(value, int):
            raise self.error(field, f"is {_kind(value)}, not a whole number")
        if not least <= value <= most:
            raise self.error(field, f"is {value}, not between {least} and {most}")
        return value

    def one_of(self, field: str, allowed: tuple[int, ...], *, default: int) -> int:
        """Return one of the allowed numbers."""
        value = self.number(field, allowed[0], allowed[-1], default=default)
        if value not in allowed:
            raise self.error(field, f"is {value}, not one of {', '.join(map(str, allowed))}")
        return value

    def number_or_none(self, field: str, least: int, most: int) -> int | None:
        """Return a whole number, or None for null or a field that is not there."""
        return None if self._null(field) else self.number(field, least, most)

    def _null(self, field: str) -> bool:
        if self._absent(field):
            return True
        if self._rest[field] is None:
            self._take(field)
            return True
        return False

    def flag(self, field: str) -> bool:
        """Return true or false; false when the field is not there."""
        return False if self._absent(field) else self._boolean(field)

    def flag_or_none(self, field: str) -> bool | None:
        """Return true or false, or None for null or a field that is not there."""
        return None if self._null(field) else self._boolean(field)

    def _boolean(self, field: str) -> bool:
        value = self._take(field)
        if not isinstance(value, bool):
            raise self.error(field, f"is {_kind(value)}, not true or false")
        return value

    def choice(self, field: str, kind: type[EnumT]) -> EnumT:
        """Return a member of a closed set."""
        text = self.text(field)
        if text not in [member.value for member in kind]:
            raise self.error(field, f"is {shown(text)}, not one of {', '.join(member.value for member in kind)}")
        return kind(text)

    def _list(self, field: str, *, required: bool) -> list[tuple[str, object]]:
        if not required and self._absent(field):
            return []
        value = self._take(field)
        if not isinstance(value, list):
            raise self.error(field, f"is {_kind(value)}, not a list")
        return [(f"{field}[{position}]", item) for position, item in enumerate(value)]

    def items(self, field: str, read: Callable[[JsonObject], ItemT], *, required: bool = True) -> tuple[ItemT, ...]:
        """Return a list of objects, each read by `read`; unless required, none when the field is not there."""
        return tuple(self._read(place, item, read) for place, item in self._list(field, required=required))

    def item(self, field: str, read: Callable[[JsonObject], ItemT]) -> ItemT | None:
        """Return one object read by `read`, or None for null or a field that is not there."""
        return None if self._null(field) else self._read(field, self._take(field), read)

    def _read(self, field: str, value: object, read: Callable[[JsonObject], ItemT]) -> ItemT:
        reader = JsonObject(value, self._file, self._dotted(field))
        result = read(reader)
        reader.finish()
        return result

    def finish(self) -> None:
        """Raise UsageError for the first field that nobody asked for."""
        for field in self._rest:
            raise self.error(shown(field), f"is not a field of a machine file; known here: {', '.join(self._known)}")


def _kind(value: object) -> str:
    names = {bool: "true or false", int: "a whole number", float: "a fraction", str: "a string", list: "a list"}
    return "null" if value is None else names.get(type(value), "an object")


def shown(text: str) -> str:
    """Return a string of unknown origin as it may stand in a message: short, in ASCII."""
    return ascii(text if len(text) <= 40 else text[:37] + "...")
