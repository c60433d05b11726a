"""The answerfile: what real files say, where their faults are, and that what is written reads back the same."""

from __future__ import annotations

import re
import time
from dataclasses import fields, replace
from ipaddress import IPv4Address, IPv4Interface, IPv6Address, IPv6Interface
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from installer.answerfile import check_files, read_answerfile, write_answerfile
from installer.answerfile_xml import MAX_BYTES
from installer.element_row import ElementRow
from installer.elements import ROOT
from installer.elements_elsewhere import FOREIGN_ELEMENTS
from installer.model.answers import (
    LOCKED,
    AdminInterface,
    DiskChoice,
    Draft,
    Kept,
    Naming,
    Origin,
    PasswordKind,
    RootPassword,
    StaticAddress,
)
from installer.model.disk_rule import DiskRule, Pick
from installer.model.errors import InvalidAnswer
from installer.model.interface import V6, Bond, BondMode, ProtocolV6
from installer.model.problem import Problem, Severity, errors
from installer.model.secret import Secret
from installer.model.source import Location, LocationKind
from installer.model.unbuilt import NOT_BUILT
from installer.model.units import GIB
from installer.model.wishes import Mode, OnFailure, Stage, StorageType, TimeMethod
from tests.installer.drafts import DRAFTS

FILES = Path(__file__).parent.parent / "answerfiles"
GOOD = sorted((FILES / "good").glob("*.xml"))
BAD = sorted((FILES / "bad").glob("*.xml"))
BARE = """<installation>
  <primary-disk>sda</primary-disk>
  <keymap>us</keymap>
  <root-password>mypassword</root-password>
  <source type="local" />
  <timezone>UTC</timezone>
{}
</installation>
"""


def stem(path: Path) -> str:
    return path.stem


def row_name(row: ElementRow) -> str:
    return row.name


def read(text: str) -> tuple[Draft, tuple[Problem, ...]]:
    return read_answerfile(text.encode(), "a.xml")


def lines(problems: tuple[Problem, ...]) -> list[str]:
    return [problem.line() for problem in problems]


def good(name: str) -> Draft:
    return read_answerfile((FILES / "good" / f"{name}.xml").read_bytes(), f"{name}.xml")[0]


@pytest.mark.parametrize("path", GOOD, ids=stem)
def test_good_file_gives_no_problems_but_the_warnings_beside_it(path: Path, write_golden: bool) -> None:
    found = "".join(f"{line}\n" for line in lines(read_answerfile(path.read_bytes(), path.name)[1]))
    beside = path.with_suffix(".txt")
    if write_golden and (found or beside.exists()):
        beside.write_text(found, encoding="utf-8")
    assert found == (beside.read_text(encoding="utf-8") if beside.exists() else "")


@pytest.mark.parametrize("path", GOOD, ids=stem)
def test_good_file_is_complete(path: Path) -> None:
    draft, problems = read_answerfile(path.read_bytes(), path.name)
    assert not errors(problems)
    assert draft.missing() == ()
    assert draft.mode is Mode.RESTORE or draft.complete()


@pytest.mark.parametrize("path", BAD, ids=stem)
def test_bad_file_gives_the_problems_beside_it(path: Path, write_golden: bool) -> None:
    found = "".join(f"{line}\n" for line in lines(read_answerfile(path.read_bytes(), path.name)[1]))
    if write_golden:
        path.with_suffix(".txt").write_text(found, encoding="utf-8")
    assert found == path.with_suffix(".txt").read_text(encoding="utf-8")


@pytest.mark.parametrize("path", BAD, ids=stem)
def test_bad_file_stops_the_run(path: Path) -> None:
    assert errors(read_answerfile(path.read_bytes(), path.name)[1])


@pytest.mark.parametrize("path", GOOD, ids=stem)
def test_good_file_written_again_reads_the_same(path: Path) -> None:
    draft, _ = read_answerfile(path.read_bytes(), path.name)
    assert read(write_answerfile(draft))[0] == draft


def test_guide_example_reads_as_the_guide_says() -> None:
    assert good("guide-example") == Draft(
        keymap="us",
        disks=DiskChoice(primary=("sda",), guest=("sdb", "sdc")),
        root_password=RootPassword(PasswordKind.PLAINTEXT, Secret("mypassword")),
        sources=(Location(LocationKind.URL, Secret("http://pxehost.acme.com")),),
        post_install_script=Location(LocationKind.URL, Secret("http://pxehost.acme.com/myscripts/post-install-script")),
        interface=AdminInterface("eth0"),
        timezone="Europe/London",
    )


def test_every_element_is_read() -> None:
    draft = good("everything")
    assert draft == Draft(
        keymap="de-latin1",
        disks=DiskChoice(("/dev/disk/by-id/ata-ST480_S3RIAL",), ("/dev/nvme0n1", "sdc"), storage_on_primary=False),
        root_password=draft.root_password,
        sources=(
            Location(
                LocationKind.URL,
                Secret("https://user:pass%40word@pxe.example.com:8443/XenServer_4.0.1/?build=7&arch=x86"),
            ),
        ),
        skipped_packages=("docs", "pvdrivers-win"),
        post_install_script=Location(LocationKind.LOCAL),
        interface=AdminInterface(
            "eth1", StaticAddress(IPv4Interface("192.168.10.20/23"), IPv4Address("192.168.11.254"))
        ),
        timezone="America/Argentina/Buenos_Aires",
        naming=Naming("xen1.example.com", (IPv4Address("192.168.10.1"), IPv4Address("192.168.10.2"))),
    )


def test_consent_to_break_shared_storage_is_read() -> None:
    assert good("shared-storage").disks == DiskChoice(("sda",), erase_shared=True)


def test_layout_comments_and_order_mean_nothing() -> None:
    assert good("as-people-write-it") == Draft(
        keymap="us",
        disks=DiskChoice(("sda",), ("sda",)),
        root_password=RootPassword(PasswordKind.HASH, Secret("!!")),
        sources=(Location(LocationKind.LOCAL),),
        interface=AdminInterface("eth0", StaticAddress(IPv4Interface("10.0.0.7/24"), IPv4Address("10.0.0.1"))),
        timezone="Etc/UTC",
        naming=Naming("xen7", (IPv4Address("10.0.0.1"),)),
    )


@pytest.mark.parametrize("name", ["utf-16", "latin-1", "windows-line-ends-and-mark"])
def test_encoding_and_line_ends_mean_nothing(name: str) -> None:
    assert good(name) == good("guide-example")


def test_what_is_left_out_stays_unanswered() -> None:
    draft = good("shortest")
    assert (draft.keymap, draft.interface, draft.naming, draft.post_install_script) == (None, None, None, None)


def test_a_value_named_twice_is_taken_once() -> None:
    draft = good("warnings-nameservers")
    assert draft.naming and [server.packed[3] for server in draft.naming.nameservers] == [1, 2, 3, 4, 5]


def test_every_value_knows_its_line_and_column() -> None:
    origins = {name: origin.where for name, origin in good("everything").origins.items()}
    assert origins == {
        "mode": "everything.xml:2:21",
        "disks.primary.0": "everything.xml:3:35",
        "disks.storage_on_primary": "everything.xml:3:31",
        "disks.guest.0": "everything.xml:4:15",
        "disks.guest.1": "everything.xml:5:15",
        "keymap": "everything.xml:6:11",
        "root_password": "everything.xml:7:30",
        "sources.0": "everything.xml:8:22",
        "skipped_packages.0": "everything.xml:9:17",
        "skipped_packages.1": "everything.xml:10:17",
        "post_install_script": "everything.xml:11:3",
        "interface": "everything.xml:12:26",
        "interface.static": "everything.xml:13:9",
        "interface.static.netmask": "everything.xml:14:18",
        "interface.static.gateway": "everything.xml:15:14",
        "timezone": "everything.xml:17:13",
        "naming.nameservers.0": "everything.xml:18:15",
        "naming.nameservers.1": "everything.xml:19:15",
        "naming.hostname": "everything.xml:20:13",
    }


def test_an_origin_is_the_answerfile() -> None:
    assert good("shortest").complete().origin("disks.primary.0") == Origin("answerfile", "shortest.xml:1:29")


def test_columns_count_characters_and_tabs_as_one() -> None:
    draft, _ = read(
        '<installation>\n\t<!-- äöü €𝄞 --><primary-disk gueststorage="yes">\r\n\t sda</primary-disk></installation>'
    )
    assert draft.origins["disks.storage_on_primary"].where == "a.xml:2:45"
    assert draft.origins["disks.primary.0"].where == "a.xml:3:3"


def test_a_fault_does_not_hide_the_next_one() -> None:
    _, problems = read(BARE.format("<hostname>-</hostname>\n<nameserver>x</nameserver>\n<flavour/>"))
    assert [problem.where for problem in problems] == ["a.xml:7:11", "a.xml:8:13", "a.xml:9:1"]


def test_a_value_with_a_fault_is_left_out_of_the_draft() -> None:
    draft, _ = read("<installation><primary-disk>s d a</primary-disk><timezone>UTC</timezone></installation>")
    assert (draft.disks, draft.timezone) == (None, "UTC")


@pytest.mark.parametrize("name", [*FOREIGN_ELEMENTS, "flavour"])
def test_an_element_without_meaning_is_told(name: str) -> None:
    _, problems = read(BARE.format(f"<{name}/>"))
    assert [problem.severity for problem in problems] == [Severity.WARNING]
    assert f"<{name}>" in problems[0].message


@pytest.mark.parametrize("row", ROOT.children, ids=row_name)
def test_no_element_takes_an_unknown_attribute(row: ElementRow) -> None:
    name = row.name
    _, problems = read(f'<installation><{name} zzz="1">x</{name}></installation>')
    assert any("unknown attribute zzz" in problem.message for problem in problems)


@pytest.mark.parametrize("row", ROOT.children, ids=row_name)
def test_the_example_of_each_element_reads_without_error(row: ElementRow) -> None:
    """They are what the messages tell people to write."""
    mode = row.required_in[0] if row.required_in else "fresh"
    _, problems = read(f'<installation mode="{mode}">{row.example}</installation>')
    messages = [problem.message for problem in errors(problems)]
    assert not [text for text in messages if " missing" not in text and NOT_BUILT not in text]


@pytest.mark.parametrize(
    ("text", "missing"),
    [
        ("<installation/>", {"primary-disk", "root-password", "source", "timezone", "keymap"}),
        ('<installation mode="upgrade"/>', {"existing-installation", "source"}),
        ('<installation mode="reinstall"/>', {"existing-installation", "source"}),
        ("<restore/>", set()),
    ],
)
def test_each_mode_needs_its_own_elements(text: str, missing: set[str]) -> None:
    """Spec R35."""
    draft, problems = read(text)
    said = " ".join(problem.message for problem in problems if " missing" in problem.message)
    told = set(re.findall(r"<(.*?)>", said))
    assert told == missing
    assert set(draft.missing()) == missing - {"keymap"}


def test_one_error_lists_all_that_is_missing() -> None:
    """Spec R33."""
    _, problems = read("<installation><primary-disk>sda</primary-disk></installation>")
    (problem,) = errors(problems)
    assert problem.message == "<root-password>, <source> and <timezone> are missing"
    assert "<timezone>Europe/London</timezone>" in problem.hint


def test_of_a_mode_that_there_is_not_nothing_is_missing() -> None:
    _, problems = read('<installation mode="upgrad"/>')
    assert [problem.hint for problem in problems] == ["did you mean upgrade?"]


def test_what_will_be_asked_may_be_missing() -> None:
    text = b"<installation><timezone>Nowhere</timezone></installation>"
    draft, problems = read_answerfile(text, "a.xml", partial=True)
    assert [problem.message for problem in errors(problems)] == ['there is no time zone "Nowhere"']
    assert draft.missing() == ("primary-disk", "root-password", "timezone", "source")


@pytest.mark.parametrize("mode", ["reinstall", "upgrade"])
def test_a_mode_that_keeps_the_old_host_never_gives_answers_for_a_fresh_one(mode: str) -> None:
    text = BARE.format("<existing-installation>sdb</existing-installation>").replace(">", f' mode="{mode}">', 1)
    draft, problems = read(text)
    assert [problem.message for problem in errors(problems)] == [
        f"<primary-disk> has no meaning with the mode {mode}, which keeps disks and guest storage as they are"
    ]
    answers = draft.complete()
    assert (answers.mode, answers.preserves, answers.disks) == (Mode(mode), True, DiskChoice(("sdb",)))


def test_what_is_not_answered_is_kept_of_the_host_that_is_there() -> None:
    text = """<installation mode="upgrade"><existing-installation>sda</existing-installation>
      <source type="local"/><timezone>Europe/London</timezone><nameserver>10.0.0.2</nameserver></installation>"""
    draft, problems = read(text)
    assert not problems
    answers = draft.complete()
    assert set(Kept) - set(answers.kept) == {Kept.TIMEZONE, Kept.NAMESERVERS}
    assert answers.root_password == LOCKED  # should nothing take its place, nobody can log in with a known one
    assert answers.draft() == replace(draft, time_method=None)
    assert read(write_answerfile(answers.draft()))[0].complete() == answers


def test_both_spellings_of_every_name_are_the_same() -> None:
    assert good("aliases") == Draft(
        keymap="us",
        disks=DiskChoice(("sda",), ("sdb", "sdc")),
        root_password=RootPassword(PasswordKind.PLAINTEXT, Secret("mypassword")),
        sources=(Location(LocationKind.LOCAL),),
        interface=AdminInterface("eth0", StaticAddress(IPv4Interface("10.0.0.7/24"), IPv4Address("10.0.0.1"))),
        timezone="Europe/London",
        naming=Naming(None, (IPv4Address("10.0.0.1"),)),
        storage_type=StorageType.LVM,
        time_method=TimeMethod.NTP,
        ntp_servers=("ntp1.example.com", "ntp2.example.com", "10.0.0.3"),
    )


def test_a_disk_may_be_described() -> None:
    assert good("disks-by-rule").disks == DiskChoice(
        (),
        storage_on_primary=False,
        primary_rules=(DiskRule(serial="S3Z9NX0K"),),
        guest_rules=(
            DiskRule(model="ST4000NM0035", min_bytes=3_000_000_000_000, pick=Pick.LARGEST),
            DiskRule(wwn="0x5000c500a1b2c3d4", max_bytes=4 * 1024 * GIB),
        ),
    )


def test_keys_scripts_and_interfaces_are_read() -> None:
    keys = good("access").access
    assert [key.split()[0] for key in keys.ssh_keys] == ["ssh-ed25519", "ssh-rsa"] and keys.ssh is False
    scripts = good("scripts").scripts
    assert [(script.stage, script.on_failure) for script in scripts] == [
        (Stage.FILESYSTEM_POPULATED, OnFailure.ABORT),
        (Stage.FILESYSTEM_POPULATED, OnFailure.CONTINUE),
        (Stage.INSTALLATION_START, OnFailure.ABORT),
        (Stage.INSTALLATION_COMPLETE, OnFailure.CONTINUE),
        (Stage.INSTALL_FAILED, OnFailure.CONTINUE),
    ]
    assert scripts[2].location.shown() == "nfs://server/scripts/start"
    bonded = good("bond-and-ipv6")
    assert bonded.bonds == (Bond("bond0", BondMode.LACP, ("eth0", "00:16:3e:00:00:02")),)
    v6 = V6(ProtocolV6.STATIC, IPv6Interface("2001:db8::7/64"), IPv6Address("fe80::1"))
    assert bonded.interface == AdminInterface("bond0", vlan=7, ipv6=v6, without_ipv4=True)
    assert good("interface-by-address").interface == AdminInterface(mac="00:16:3e:00:00:01", vlan=7)
    assert [location.shown() for location in good("several-sources").sources or ()] == [
        "http://pxehost.acme.com",
        "http://pxehost.acme.com/packages.site",
        "ftp://***@10.0.0.9/%2Fsrv/XenServer",
    ]
    nfs = good("nfs")
    assert [location.shown() for location in nfs.sources or ()] == [
        "nfs://server/packages",
        "nfs://server/srv/xs",
        "nfs://server/srv/linux",
        "nfs://server:/srv/site",
        "nfs://10.0.0.9/srv/a%20b?***",
    ]
    assert nfs.post_install_script and nfs.post_install_script.shown() == "nfs://server/scripts/post"


def test_what_is_not_built_yet_is_understood_all_the_same() -> None:
    """So that it is written again, and a later version acts on it."""
    draft, problems = read_answerfile((FILES / "bad" / "not-built.xml").read_bytes(), "a.xml")
    again, _ = read(write_answerfile(draft))
    assert again == draft
    assert draft.driver_sources and draft.other_interfaces and draft.trust.report
    assert all(NOT_BUILT in problem.message for problem in problems)


def test_file_names_are_shown_without_credentials() -> None:
    _, problems = read_answerfile(b"", "http://user:MARKER@host/a.xml")
    assert problems[0].where == "http://***@host/a.xml:1:1"


SECRET_FILE = """<installation MARKER="MARKER" mode="MARKER">
  MARKER
  <primary-disk>http://MARKER:MARKER@host/</primary-disk>
  <root-password type="MARKER">MARKER<b/></root-password>
  <root-passwort>MARKER</root-passwort>
  <source type="http://MARKER@host">MARKER</source>
  <post-install-script type="url">http://user:MARKER/@host:MARKER@x/</post-install-script>
  <admin-interface proto="MARKER">MARKER</admin-interface>
</installation>
""".replace('MARKER="MARKER"', 'x="MARKER"')


def test_no_problem_shows_a_secret() -> None:
    draft, problems = read(SECRET_FILE)
    assert len(problems) > 8
    assert "MARKER" not in repr(problems) + repr(draft) + "\n".join(lines(problems))


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("plaintext", "A\tMARKER"),
        ("plaintext", "A\nMARKER"),
        ("hash", "MARKER"),
        ("hash", "$6$MARKER"),
        ("clear", "MARKER"),
    ],
)
def test_no_problem_with_a_password_shows_it(kind: str, text: str) -> None:
    draft, problems = read(f'<installation><root-password type="{kind}">{text}</root-password></installation>')
    assert any("password" in problem.message for problem in problems)
    assert "MARKER" not in repr(problems) + repr(draft)


def test_a_good_password_and_address_do_not_show_in_the_draft() -> None:
    draft, problems = read(
        "<installation><root-password>MARKER</root-password>"
        '<source type="url">http://u:MARKER@host/</source></installation>'
    )
    assert draft.root_password and draft.sources
    assert "MARKER" not in repr(draft) + str(draft) + repr(problems)


@given(data=st.binary())
def test_any_bytes_give_a_draft_and_problems(data: bytes) -> None:
    _, problems = read_answerfile(data, "a.xml")
    assert errors(problems)


NAMES = [row.name for row in ROOT.children] + ["ip", "gateway", "script", "installation", "b"]
ATTRIBUTES = st.dictionaries(
    st.sampled_from(["type", "proto", "name", "gueststorage", "mode", "vlan", "x"]),
    st.sampled_from(["url", "local", "hash", "static", "dhcp", "eth0", "yes", "", "{{x}}", "upgrade"]),
    max_size=3,
)
TEXTS = st.one_of(
    st.sampled_from(["", "sda", "10.0.0.1", "255.255.255.0", "us", "UTC", "/srv", "!!", "&amp;", "&x;", "<!-- -->"]),
    st.text(st.characters(codec="utf-8"), max_size=8),
)


@st.composite
def elements(draw: st.DrawFn, depth: int = 0) -> str:
    name = draw(st.sampled_from(NAMES)) if depth else "installation"
    pairs = "".join(f' {key}="{value}"' for key, value in draw(ATTRIBUTES).items())
    children = "".join(draw(st.lists(elements(depth + 1), max_size=5))) if depth < 2 else ""
    return f"<{name}{pairs}>{draw(TEXTS)}{children}</{name}>"


@given(text=elements())
def test_any_likely_file_gives_a_draft_and_problems_in_order(text: str) -> None:
    _, problems = read(text)
    places = [tuple(int(number) for number in problem.where.split(":")[1:]) for problem in problems]
    assert places == sorted(places)


@given(cut=st.integers(min_value=0), path=st.sampled_from(GOOD))
def test_a_file_cut_anywhere_gives_problems(cut: int, path: Path) -> None:
    data = path.read_bytes().rstrip()
    body = data[: cut % data.rindex(b">")]
    if b"</installation>" in body or body.decode("utf-16", "ignore").endswith("</installation>"):
        return  # only a comment behind the end was cut
    assert errors(read_answerfile(body, path.name)[1])


def test_a_file_too_large_is_refused() -> None:
    _, problems = read_answerfile(b"<installation>" + b" " * MAX_BYTES, "a.xml")
    assert "larger than" in problems[0].message


@pytest.mark.parametrize(
    "part", ["<a>", "<installation>", '<x y="1"/>', "<installation a='", "{{", "</", "<!--", "&#1;"]
)
def test_a_file_of_one_part_repeated_ends_soon_in_problems(part: str) -> None:
    """A reader that goes through the rest of the file at every part would take minutes."""
    begin = time.monotonic()
    _, problems = read(("<installation>" + part * (MAX_BYTES // len(part)))[: MAX_BYTES - 20] + "</installation>")
    assert 0 < len(problems) < 1100
    assert time.monotonic() - begin < 30


def test_the_drafts_of_the_properties_cover_every_field() -> None:
    """A field that no strategy fills would be lost in writing, and nobody would see it."""
    filled: set[str] = set()

    @settings(
        max_examples=400,
        database=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(draft=DRAFTS)
    def look(draft: Draft) -> None:
        filled.update(item.name for item in fields(Draft) if getattr(draft, item.name) != item.default)

    look()
    assert filled | {"origins"} == {item.name for item in fields(Draft)}


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(draft=DRAFTS)
def test_what_is_written_reads_back_the_same(draft: Draft) -> None:
    again, problems = read(write_answerfile(draft))
    assert again == draft
    messages = [problem.message for problem in errors(problems)]
    assert not [text for text in messages if " missing" not in text and NOT_BUILT not in text]


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(draft=DRAFTS)
def test_the_same_draft_is_written_the_same(draft: Draft) -> None:
    assert write_answerfile(draft) == write_answerfile(read(write_answerfile(draft))[0])


def test_writing_refuses_what_xml_cannot_hold() -> None:
    with pytest.raises(InvalidAnswer, match="XML"):
        write_answerfile(Draft(root_password=RootPassword(PasswordKind.PLAINTEXT, Secret("a\0b"))))


def test_files_are_checked_one_after_the_other(tmp_path: Path) -> None:
    first, second = tmp_path / "1.xml", tmp_path / "2 2.xml"
    first.write_text(BARE.format("<hostname>-</hostname>"))
    second.write_text(BARE.format("<hostname>_</hostname>"))
    problems = check_files([str(first), f"file://{tmp_path}/2%202.xml"])
    assert [problem.where for problem in problems] == [f"{first}:7:11", f"file://{tmp_path}/2%202.xml:7:11"]


def test_a_good_file_has_nothing_to_say() -> None:
    assert check_files([str(FILES / "good" / "guide-example.xml")]) == ()


def test_a_file_that_cannot_be_read_is_a_problem(tmp_path: Path) -> None:
    problems = check_files([str(tmp_path / "none.xml"), str(tmp_path)])
    assert [problem.message.partition(": ")[2] for problem in problems] == [
        "No such file or directory",
        "Is a directory",
    ]


def test_checking_fetches_nothing() -> None:
    problems = check_files(["http://user:MARKER@localhost:1/a.xml"])
    assert "offline" in problems[0].message and "MARKER" not in problems[0].line()


def test_checking_reads_an_endless_file_only_so_far() -> None:
    assert "larger than" in check_files(["/dev/zero"])[0].message
