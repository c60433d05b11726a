"""The journal reads back what was written, and nothing else is taken for one."""

from __future__ import annotations

import pytest

from installer.model.journal import Journal, JournalStep, parse_journal


@pytest.mark.parametrize("step", JournalStep)
@pytest.mark.parametrize("backup", [True, False])
def test_journal_reads_back(step: JournalStep, backup: bool) -> None:
    journal = Journal(step, "XenServer 3.2.0", "XenServer 4.0.1-1", "1.0", "2026-01-02 03:04:05 UTC", backup)
    assert parse_journal(journal.text()) == journal


@pytest.mark.parametrize("ssh", [True, False, None])
@pytest.mark.parametrize("by_hand", [True, False])
def test_settings_that_are_links_read_back(ssh: bool | None, by_hand: bool) -> None:
    journal = Journal(JournalStep.KEPT, ssh=ssh, clock_by_hand=by_hand, timezone="Europe/Berlin")
    assert parse_journal(journal.text()) == journal


def test_values_cannot_make_a_line_of_their_own() -> None:
    journal = Journal(JournalStep.KEPT, old="Xen'\nSTEP='restoring'\n")
    assert parse_journal(journal.text()) == Journal(JournalStep.KEPT, old="XenSTEP=restoring")


@pytest.mark.parametrize("text", ["", "STEP='done'\n", "STEP=kept\n", "OLD='XenServer'\n", "\0" * 4096])
def test_what_names_no_step_is_no_journal(text: str) -> None:
    assert parse_journal(text) is None


def test_unknown_lines_are_passed_over() -> None:
    assert parse_journal("# later\nWHO='me'\nSTEP='kept'\n") == Journal(JournalStep.KEPT)
