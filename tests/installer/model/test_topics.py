"""Which topics a Draft leaves open, for `--ask-missing`."""

from __future__ import annotations

from dataclasses import replace

import pytest

from installer.answerfile import read_answerfile
from installer.model.answers import Draft
from installer.model.problem import errors
from installer.model.topics import Topic, missing_topics
from installer.model.wishes import Mode, TimeMethod
from tests.backend.sample import ANSWERS, STATIC


def test_an_empty_draft_leaves_everything_open_that_dhcp_does_not_answer() -> None:
    asked = tuple(topic for topic in Topic if topic not in (Topic.NTP, Topic.DNS))
    assert missing_topics(Draft()) == asked


def test_a_complete_draft_leaves_nothing_open() -> None:
    assert missing_topics(ANSWERS.draft()) == ()


@pytest.mark.parametrize(
    ("field", "topic"),
    [
        ("keymap", Topic.KEYMAP),
        ("disks", Topic.DISKS),
        ("sources", Topic.SOURCE),
        ("root_password", Topic.PASSWORD),
        ("timezone", Topic.TIMEZONE),
        ("interface", Topic.NETWORK),
    ],
)
def test_each_answer_left_out_opens_its_topic(field: str, topic: Topic) -> None:
    draft = replace(ANSWERS.draft(), **{field: None})  # type: ignore[arg-type]  # the test names the field
    assert missing_topics(draft) == (topic,)


def test_a_static_address_has_names_and_time_servers_asked_for() -> None:
    draft = replace(STATIC.draft(), naming=None, ntp_servers=(), time_method=None)
    assert missing_topics(draft) == (Topic.NTP, Topic.DNS)


def test_a_partial_answerfile_is_no_error_and_a_wrong_one_still_is() -> None:
    data = b"<installation><timezone>Europe/London</timezone></installation>"
    draft, problems = read_answerfile(data, "x.xml", partial=True)
    assert problems == () and draft.timezone == "Europe/London"
    assert missing_topics(draft) == (Topic.KEYMAP, Topic.DISKS, Topic.SOURCE, Topic.PASSWORD, Topic.NETWORK)
    assert errors(read_answerfile(data, "x.xml")[1])
    wrong = data.replace(b"Europe/London", b"Europe/Lodnon")
    assert len(errors(read_answerfile(wrong, "x.xml", partial=True)[1])) == 1


def test_of_a_host_that_is_kept_only_the_source_is_asked_for() -> None:
    for mode in (Mode.REINSTALL, Mode.UPGRADE):
        assert missing_topics(Draft(mode=mode)) == (Topic.SOURCE,)
        assert missing_topics(Draft(mode=mode, sources=ANSWERS.sources)) == ()


@pytest.mark.parametrize(
    ("servers", "method"), [(("ntp.example.org",), None), ((), TimeMethod.MANUAL)], ids=("servers", "method")
)
def test_servers_or_a_method_answer_where_the_time_comes_from(
    servers: tuple[str, ...], method: TimeMethod | None
) -> None:
    assert missing_topics(replace(STATIC.draft(), ntp_servers=servers, time_method=method)) == ()
