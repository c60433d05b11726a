"""Settings of a host that is installed over: kept where nothing was said, and never lost without a word."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import IPv4Address

import pytest

from backend.planner import make_plan
from installer.answerfile import read_answerfile
from installer.model.answers import Answers, Kept
from installer.model.check import check_answers
from installer.model.choice import choose_devices
from installer.model.errors import AnswersError
from installer.model.existing import InstalledHost, KeptSettings, LocalStorage
from installer.model.host import Host
from installer.model.keep_settings import keep_settings, with_old_names
from installer.model.problem import errors
from installer.model.wishes import Existing, Mode, StorageType, TimeMethod
from installer.reproduce import reproducing_answerfile
from tests.backend.sample import HOST, INPUTS, OLD_HOST, OLD_SDA, SDB

MACHINE = replace(HOST, disks=(OLD_SDA, SDB))
FILE = """<installation mode="reinstall"><existing-installation>{disk}</existing-installation>
<source type="local"/>{more}</installation>"""


def answers(more: str = "", disk: str = "sda") -> Answers:
    draft, problems = read_answerfile(FILE.format(disk=disk, more=more).encode(), "a.xml")
    assert not errors(problems), problems
    return draft.complete()


def machine(**changes: object) -> Host:
    """Return the machine with another old host."""
    installed = replace(OLD_HOST, **changes)  # type: ignore[arg-type]  # by name
    return replace(MACHINE, disks=(replace(OLD_SDA, installed=installed), SDB))


def test_all_that_nobody_answered_is_the_old_hosts() -> None:
    settings = replace(OLD_HOST.settings, ntp_servers=("10.0.0.9",), nameservers=(IPv4Address("10.0.0.1"),), ssh=False)
    kept = keep_settings(answers(), machine(settings=settings))
    found = kept.answers
    assert not errors(kept.problems) and kept.installed is not None
    assert (found.keymap, found.clock.timezone, found.clock.ntp_servers) == ("de", "Europe/Berlin", ("10.0.0.9",))
    assert (found.naming.hostname, found.naming.nameservers) == ("old", (IPv4Address("10.0.0.1"),))
    assert (found.interface, found.access.ssh) == (settings.interface, False)
    assert found.disks.storage_on_primary and not check_answers(found, MACHINE)[1:]


def test_what_was_answered_takes_the_old_hosts_place() -> None:
    more = (
        '<timezone>UTC</timezone><hostname>new</hostname><admin-interface name="eth0" proto="dhcp"/>'
        "<ntp-server>10.9.9.9</ntp-server><root-password>new-secret</root-password><keymap>us</keymap><ssh>on</ssh>"
    )
    found = keep_settings(answers(more), MACHINE).answers
    assert found.kept == (Kept.NAMESERVERS,)
    assert (found.keymap, found.clock.timezone, found.naming.hostname) == ("us", "UTC", "new")
    assert (found.interface.name, found.clock.ntp_servers, found.access.ssh) == ("eth0", ("10.9.9.9",), True)


def test_a_clock_set_by_hand_stays_one() -> None:
    settings = replace(OLD_HOST.settings, clock_by_hand=True)
    assert keep_settings(answers(), machine(settings=settings)).answers.clock.method is TimeMethod.MANUAL


@pytest.mark.parametrize(
    ("disk", "host", "message"),
    [
        ("sdc", MACHINE, "this machine has no disk sdc"),
        ("sdb", MACHINE, "there is no installed host on the disk sdb"),
        ("sda", machine(refused="it is too old", hint="go by 3.2"), "cannot be installed over: it is too old"),
        ("sda", machine(settings=KeptSettings(keymap="de", timezone="UTC")), "the network of the existing host cannot"),
        (
            "sda",
            machine(settings=replace(OLD_HOST.settings, timezone=None)),
            "the time zone of the existing host cannot be read",
        ),
    ],
)
def test_a_host_that_cannot_be_kept_stops_the_run(disk: str, host: Host, message: str) -> None:
    kept = keep_settings(answers(disk=disk), host)
    (problem,) = errors(kept.problems)
    assert message in problem.message and problem.hint and problem.where.startswith("a.xml:1:")


def test_what_cannot_be_read_can_be_said() -> None:
    host = machine(settings=KeptSettings(keymap="de", unreadable=("an address without a mask",)))
    more = '<timezone>UTC</timezone><admin-interface name="eth0" proto="dhcp"/>'
    kept = keep_settings(answers(more), host)
    assert not errors(kept.problems)
    assert any("an address without a mask" in problem.message for problem in kept.problems)


def test_guests_that_run_and_a_broken_off_installation_are_said() -> None:
    kept = keep_settings(answers(), machine(unfinished=True, step="replacing"))
    messages = "\n".join(problem.message for problem in kept.problems)
    assert "mail is recorded as running" in messages and "web" not in messages
    assert "was broken off (replacing): this one brings it to its end" in messages and not errors(kept.problems)


def test_without_a_host_to_keep_there_is_no_plan() -> None:
    """Should anything go wrong before: a plan of a fresh installation is never made from such answers."""
    with pytest.raises(AnswersError, match="there is none to be kept"):
        make_plan(replace(INPUTS, answers=answers()))


@pytest.mark.parametrize("more", ["", "<hostname>new</hostname><nameserver>10.0.0.1</nameserver>"])
def test_the_answerfile_on_the_host_keeps_it_again(more: str) -> None:
    def plan(found: Answers, installed: InstalledHost | None) -> object:
        chosen, unclear = choose_devices(found, MACHINE)
        assert not unclear
        return make_plan(replace(INPUTS, host=MACHINE, answers=chosen, installed=installed))

    kept = keep_settings(answers(more), MACHINE)
    ran, text = reproducing_answerfile(choose_devices(kept.answers, MACHINE)[0], MACHINE, "salt")
    again, problems = read_answerfile(text.reveal().encode(), "kept.xml")
    assert not errors(problems) and "Europe/Berlin" not in text.reveal()
    repeated = keep_settings(again.complete(), MACHINE)
    assert plan(repeated.answers, repeated.installed) == plan(ran, kept.installed)


def test_a_keymap_that_cannot_be_read_is_replaced_with_a_warning_alone() -> None:
    without = keep_settings(answers(), machine(settings=replace(OLD_HOST.settings, keymap=None)))
    assert not errors(without.problems) and without.answers.keymap == "us"
    assert any(
        "the keymap of the existing host cannot be read: us is taken" in each.message for each in without.problems
    )
    assert not any("keymap" in problem.message for problem in keep_settings(answers(), MACHINE).problems)


@pytest.mark.parametrize(("kind", "taken"), [(StorageType.EXT, StorageType.EXT), (None, StorageType.LVM)])
def test_the_guest_storage_stays_of_its_type(kind: StorageType | None, taken: StorageType) -> None:
    storage = replace(OLD_HOST.storage or LocalStorage(""), type=kind) if kind else None
    found = keep_settings(answers(), machine(storage=storage)).answers
    assert (found.storage_type, found.disks.storage_on_primary) == (taken, kind is not None)


@pytest.mark.parametrize(
    ("mode", "backup", "count"),
    [(Mode.UPGRADE, False, 1), (Mode.UPGRADE, True, 0), (Mode.REINSTALL, False, 0), (Mode.REINSTALL, True, 0)],
)
def test_only_an_upgrade_cannot_do_without_a_backup(mode: Mode, backup: bool, count: int) -> None:
    given = replace(answers(), existing=Existing("sda", backup=backup))
    lost = [problem for problem in keep_settings(given, machine(mode=mode)).problems if "lost" in problem.message]
    assert len(lost) == count


def test_what_is_on_a_disk_without_a_host_is_told_with_the_disks_that_have_one() -> None:
    for contents, said in (("GPT: 3 partitions", "(GPT: 3 partitions)"), ("", "(unknown contents)")):
        host = replace(MACHINE, disks=(OLD_SDA, replace(SDB, contents=contents)))
        (problem,) = keep_settings(answers(disk="sdb"), host).problems
        assert problem.message.endswith(said) and problem.hint == "installed hosts: sda (XenServer 4.0.1-1)"
    (problem,) = keep_settings(answers(), HOST).problems
    assert problem.hint == "no disk of this machine has one; mode fresh installs"


@pytest.mark.parametrize("nics", [(), ("52:54:00:12:34:56 eth0", "52:54:00:12:34:57 eth0")])
def test_nics_keep_their_names_where_the_old_host_knows_none_or_has_one_name_twice(nics: tuple[str, ...]) -> None:
    host = replace(MACHINE, nics=tuple(replace(nic, name=f"ens{number}") for number, nic in enumerate(HOST.nics)))
    assert with_old_names(host, replace(OLD_HOST, settings=replace(OLD_HOST.settings, nics=nics))) is host
