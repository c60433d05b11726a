"""What the first half is run for besides the hand-made plans: recorded machines, started both ways, and answers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from backend.plan_parts import Inputs, ScriptFile
from installer.model.check import check_answers
from installer.model.host import Firmware
from installer.model.problem import errors
from installer.model.secret import Secret
from installer.model.wishes import Access, Stage, StorageType
from tests.backend.sample import DRIVERS, IDENTITIES, INPUTS, PASSWORD
from tests.backend.test_machines import PLANNED, common_answers, load


def _plain(inputs: Inputs) -> Inputs:
    return inputs


def _rich(inputs: Inputs) -> Inputs:
    """Ask for what adds steps: keys, scripts that must not fail, drivers, a package left out, the answers kept."""
    access = Access(("ssh-ed25519 AAAA admin",), ssh=True)
    return replace(
        inputs,
        answers=replace(inputs.answers, access=access, skipped_packages=("docs",)),
        repositories=(*inputs.repositories, DRIVERS),
        scripts=tuple(ScriptFile("http://mirror/one", b"#!/bin/sh\n", True, stage) for stage in Stage),
        answerfile=Secret(f"<installation>{PASSWORD}</installation>"),
    )


def _other_storage(inputs: Inputs) -> Inputs:
    """Ask for ext on the one disk, or for no guest storage on the first of several."""
    disks = inputs.answers.disks
    if disks.guest:
        return replace(inputs, answers=replace(inputs.answers, disks=replace(disks, storage_on_primary=False)))
    return replace(inputs, answers=replace(inputs.answers, storage_type=StorageType.EXT))


# one line an answer set
ANSWER_SETS: dict[str, Callable[[Inputs], Inputs]] = {
    "plain": _plain,
    "rich": _rich,
    "other-storage": _other_storage,
}


def _every() -> Iterator[tuple[str, Inputs]]:
    for case in PLANNED:
        for firmware in Firmware:
            host = replace(load(case), firmware=firmware)
            plain = Inputs(common_answers(host, case), host, INPUTS.repositories, IDENTITIES, own_firmware=True)
            for name, asked in ANSWER_SETS.items():
                inputs = asked(plain)
                if not errors(check_answers(inputs.answers, host)):
                    yield f"{case} {firmware} {name}", inputs


# by machine, firmware and answer set; what check_answers refuses has no plan
ON_MACHINES: dict[str, Inputs] = dict(_every())
