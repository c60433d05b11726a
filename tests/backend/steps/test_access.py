"""The ssh server of the installed host: started where there is one, and told where there is none."""

from __future__ import annotations

import pytest

from backend.recording import RecordingSystem
from backend.steps.access import StartSsh
from tests.backend.run_plan import recording_session


@pytest.mark.parametrize("unit", ["ssh.service", "sshd.service"])
def test_the_server_that_a_package_brought_is_started(unit: str) -> None:
    system = RecordingSystem(files={f"/lib/systemd/system/{unit}": ""})
    warnings: list[str] = []
    session = recording_session(system)
    session.warn = warnings.append
    StartSsh().run(session)
    (link,) = system.actions
    assert link == ("link", f"/etc/systemd/system/multi-user.target.wants/{unit}", f"/lib/systemd/system/{unit}")
    assert warnings == []


def test_a_server_that_no_package_brought_is_a_warning_and_no_dead_link() -> None:
    system = RecordingSystem(files={})
    warnings: list[str] = []
    session = recording_session(system)
    session.warn = warnings.append
    StartSsh().run(session)
    assert system.actions == []
    (warning,) = warnings
    assert "none of the packages brings an ssh server" in warning
