"""Tests of what is written for people, beyond the pages that are made from tables."""
