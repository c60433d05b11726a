"""Tests, mirroring the tree of the sources."""
