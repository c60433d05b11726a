"""Answers that are understood but that nothing would act on: errors before anything is written (spec R31)."""

from __future__ import annotations

from collections.abc import Iterator

from installer.model.answers import Draft
from installer.model.wishes import Mode, Stage, TimeMethod

NOT_BUILT = "not built in this version yet"


def unbuilt_answers(draft: Draft) -> Iterator[tuple[str, str, str]]:
    """Yield dotted field, what is not built, and a hint, for everything answered that no step carries out."""
    if draft.mode is not Mode.FRESH:
        yield "mode", f"the mode {draft.mode} is {NOT_BUILT}", "only fresh installations can be made"
    for index, script in enumerate(draft.scripts):
        if script.stage is not Stage.FILESYSTEM_POPULATED:
            yield f"scripts.{index}", f"a script of the stage {script.stage} is {NOT_BUILT}", _STAGE
    for index, _ in enumerate(draft.driver_sources):
        yield f"driver_sources.{index}", f"<driver-source> is {NOT_BUILT}", ""
    yield from _network(draft)
    for index, _ in enumerate(draft.trust.ca_certificates):
        yield f"trust.ca_certificates.{index}", f"<ca-certificate> is {NOT_BUILT}", ""
    for index, _ in enumerate(draft.trust.repository_keys):
        yield f"trust.repository_keys.{index}", f"<repository-key> is {NOT_BUILT}", ""
    if draft.trust.report:
        yield "trust.report", f"<report> is {NOT_BUILT}", "a post-install-script can tell"


_STAGE = f"scripts can be run at {Stage.FILESYSTEM_POPULATED}"


def contradictions(draft: Draft) -> Iterator[tuple[str, str, str]]:
    """Yield dotted field, what is wrong, and a hint, for answers of which one makes another one void."""
    if draft.time_method is TimeMethod.MANUAL and draft.ntp_servers:
        message = "there are NTP servers, but the time is to be set by hand"
        yield "ntp_servers.0", message, "leave them out, or choose the method ntp"


def _network(draft: Draft) -> Iterator[tuple[str, str, str]]:
    for index, interface in enumerate(draft.other_interfaces):
        shown = interface.name or interface.mac
        hint = "only the admin-interface can be set"
        yield f"other_interfaces.{index}", f"an address of the interface {shown} is {NOT_BUILT}", hint
