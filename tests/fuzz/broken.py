"""What a fuzzed reader raises when its result cannot be."""

from __future__ import annotations


class Broken(Exception):
    """A reader gave something that cannot be."""
