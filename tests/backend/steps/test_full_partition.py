"""A root partition that is full ends a step with the file's name and what can be done, and leaves no half file."""

from __future__ import annotations

from pathlib import Path

import pytest

from backend.execute import InstallPlan, execute
from backend.recording import RecordingSystem
from backend.session import Session
from backend.steps.files import WriteFile
from backend.steps.filesystem import SWAP_FILE, MakeSwapFile
from installer.model.errors import DeviceError
from installer.model.events import Event, StepFailed
from installer.model.plan import Phase, Step
from installer.model.units import MIB
from tests.backend.run_plan import recording_session
from tests.backend.target import mounted_target


@pytest.mark.root
@pytest.mark.parametrize(
    ("step", "path"),
    [
        (MakeSwapFile("44444444-4444-4444-8444-444444444444", 32 * MIB), SWAP_FILE),
        (WriteFile("/etc/big", "x" * 16 * MIB), "/etc/big"),
    ],
    ids=["swap file", "text file"],
)
def test_full_root_partition_is_named(tmp_path: Path, step: Step[Session], path: str) -> None:
    events: list[Event] = []
    with mounted_target(tmp_path, size_bytes=8 * MIB) as target:
        session = recording_session(RecordingSystem())
        session.system, session.target = target.system, str(target.root)
        with pytest.raises(DeviceError):
            execute(InstallPlan((Phase("files", (step,)),), (), ()), session, events.append)
        left = [file for top in ("etc", "var") for file in target.root.glob(f"{top}/**/*") if file.is_file()]
    (failed,) = [event for event in events if isinstance(event, StepFailed)]
    assert failed.reason == f"{path}: the root partition is full: the file does not fit"
    assert "skip-package" in failed.hint
    assert left == []
