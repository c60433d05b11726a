"""Inputs for readers made by changing good ones: cut, doubled, spliced, overwritten."""

from __future__ import annotations

from hypothesis import strategies as st

from tests.fuzz.reader import Reader


@st.composite
def inputs(draw: st.DrawFn, reader: Reader) -> bytes:
    """Return a seed after some changes, or any bytes at all."""
    data = bytearray(draw(st.sampled_from(reader.seeds) | st.binary(max_size=64)))
    for _ in range(draw(st.integers(min_value=0, max_value=6))):
        start = draw(st.integers(min_value=0, max_value=len(data)))
        end = min(len(data), start + draw(st.integers(min_value=0, max_value=24)))
        kind = draw(st.sampled_from(["cut", "double", "move", "overwrite", "word"]))
        part = bytes(data[start:end])
        if kind == "cut":
            del data[start:end]
        elif kind == "double":
            data[start:start] = part
        elif kind == "move":
            del data[start:end]
            place = draw(st.integers(min_value=0, max_value=len(data)))
            data[place:place] = part
        elif kind == "overwrite":
            data[start:end] = draw(st.binary(max_size=8))
        else:
            data[start:start] = draw(st.sampled_from(reader.words))
    return bytes(data)
