"""What is wished for where nothing was said, and what scripts are called."""

from __future__ import annotations

from installer.model.source import LOCAL_MEDIA
from installer.model.wishes import NO_ACCESS, NO_TRUST, Access, Existing, OnFailure, Script, Stage, Trust


def test_without_a_word_a_backup_is_made_and_a_script_may_fail() -> None:
    assert Existing("sda").backup
    assert Script(Stage.INSTALLATION_START, LOCAL_MEDIA).on_failure is OnFailure.CONTINUE


def test_nobody_is_let_in_or_trusted_without_a_word() -> None:
    assert Access((), None) == NO_ACCESS and Trust((), (), None) == NO_TRUST


def test_scripts_are_called_by_their_stage_but_for_the_oldest_kind() -> None:
    assert [stage.file_name for stage in Stage] == [
        "installation-start-script",
        "post-install-script",
        "installation-complete-script",
        "install-failed-script",
    ]
