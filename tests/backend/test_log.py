"""The log and what lies beside it."""

from __future__ import annotations

from pathlib import Path

from backend.log import LogFile
from backend.recording import RecordingSystem
from backend.steps.logs import CopyLog
from tests.backend.run_plan import recording_session


def test_logs_of_the_images_init_are_given_without_secrets(tmp_path: Path) -> None:
    tmp_path.joinpath("init.log").write_text("network: all\n", encoding="utf-8")
    tmp_path.joinpath("output").write_bytes(b"said marked-secret \xff\n")
    tmp_path.joinpath("other").write_text("nobody's\n", encoding="utf-8")
    log = LogFile(tmp_path, lambda text: text.replace("marked-secret", "***"))
    assert log.of_image() == (("init.log", "network: all\n"), ("output", "said *** \ufffd\n"))
    log.close()


def test_where_init_kept_no_log_there_is_none(tmp_path: Path) -> None:
    log = LogFile(tmp_path, lambda text: text)
    assert log.of_image() == ()
    log.close()


def test_all_logs_are_copied_to_the_host() -> None:
    system = RecordingSystem()
    session = recording_session(system)
    session.other_logs = lambda: (("init.log", "network: all\n"), ("output", "words\n"))
    CopyLog().run(session)
    logs = {path: text for path, text in system.files.items() if path.startswith("/var/log/installer/")}
    assert logs == {
        "/var/log/installer/install.log": "log so far\n",
        "/var/log/installer/init.log": "network: all\n",
        "/var/log/installer/output": "words\n",
    }
