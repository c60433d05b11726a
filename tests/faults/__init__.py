"""Fault injection: every change of every plan fails in turn, on the recording double and on real image files."""
