"""What an unattended run does when it ends before its plan began: the scripts for failed installations are run."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

from backend.execute import Listener, after_failure
from backend.preparation import read_script
from backend.session import Session
from backend.sources import open_location
from backend.steps.scripts import RunScript
from backend.system import System
from installer.model.answers import Answers
from installer.model.errors import InstallerError, as_installer_error
from installer.model.events import Warned
from installer.model.source import Media
from installer.model.wishes import Script, Stage

OpenSystem = Callable[[], AbstractContextManager[System]]


@contextmanager
def scripts_after_failure(answers: Answers, media: Media, open_system: OpenSystem, emit: Listener) -> Iterator[None]:
    """Run the scripts of the stage install-failed when what stands inside fails; the failure goes on as it is.

    They are fetched only then, as what failed may be that a script cannot be fetched. Ctrl-C is no failure.
    """
    try:
        yield
    except Exception as problem:
        scripts = [script for script in answers.scripts if script.stage is Stage.INSTALL_FAILED]
        try:
            if steps := _fetched(scripts, media, emit):
                _run(steps, media, open_system, emit, as_installer_error(problem))
        except (KeyboardInterrupt, Exception) as other:  # the first failure is the one to be told
            emit(Warned(f"the {Stage.INSTALL_FAILED.script} was not run to its end: {as_installer_error(other)}"))
        raise


def _fetched(scripts: list[Script], media: Media, emit: Listener) -> tuple[RunScript, ...]:
    """Fetch those that can be; what is wrong with the others is a warning."""
    steps: list[RunScript] = []
    for script in scripts:
        try:
            file = read_script(script, media)
        except InstallerError as error:
            emit(Warned(f"the {script.stage.script} cannot be run: {error}"))
        else:
            steps.append(RunScript(file.stage, file.source, file.content))
    return tuple(steps)


def _run(
    steps: tuple[RunScript, ...],
    media: Media,
    open_system: OpenSystem,
    emit: Listener,
    failure: InstallerError,
) -> None:
    with open_system() as system:
        session = Session(
            system=system,
            devices={},
            fingerprints={},
            open_source=lambda location: open_location(location, media),
            log_lines=lambda: b"",
            warn=lambda message: emit(Warned(message)),
        )
        after_failure(steps, session, emit, failure)
