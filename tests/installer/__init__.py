"""Tests of answers, rules and the command."""
