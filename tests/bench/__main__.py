"""Prints all figures with their limits and writes build/bench.json and docs/performance.md.

With names of topics it measures those only, and leaves the document as it is.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence

from tests.bench import image, installation, network, packages, performance, road, screens, start
from tests.bench.figures import HEADING, Figure, write_json
from tests.bench.room import BUILD, Room, room

Topic = Callable[[Room], tuple[Figure, ...]]
# one line a topic, one module each
TOPICS: tuple[tuple[str, Topic], ...] = (
    ("start", start.measure),
    ("screens", screens.measure),
    ("packages", packages.measure),
    ("network", network.measure),
    ("installation", installation.measure),
    ("road", road.measure),
    ("image", image.measure),
    ("image-speed", image.measure_speed),
)


def main(names: Sequence[str]) -> int:
    """Measure the topics named, all without names; returns 1 when a figure is above its limit."""
    known = [name for name, _ in TOPICS]
    if unknown := [name for name in names if name not in known]:
        raise SystemExit(f"there is no topic {', '.join(unknown)}; there are {', '.join(known)}")
    print(HEADING, flush=True)
    figures: list[Figure] = []
    for name, measure in TOPICS:
        if names and name not in names:
            continue
        with room() as here:
            found = measure(here)
        for figure in found:
            print(figure.line(), flush=True)
        figures += found
    write_json(figures, BUILD / "bench.json")
    if not names:
        performance.write()
    return 0 if all(figure.ok for figure in figures) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
