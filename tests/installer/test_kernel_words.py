"""The words of the kernel's command line: what they ask for, and what is said of wrong ones."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from installer.kernel_line import present_consoles, split_words
from installer.kernel_reading import LISTS
from installer.kernel_words import AtExit, KernelWords, parse_kernel_words
from installer.model.host import SerialConsole
from installer.model.problem import Severity, errors
from installer.model.source import Location, LocationKind
from installer.model.wishes import NO_TRUST

BARE = frozenset({"tty", "tty0", "tty1", "tty2", "ttyS0", "ttyS1", "console", "ptmx"})
UNDER_XEN = frozenset({"tty", "tty0", "tty1", "tty2", "hvc0", "console", "ptmx"})
DEBIAN = (
    "BOOT_IMAGE=vmlinuz initrd=install.img ro quiet splash loglevel=3 panic=1 init=/init rdinit=/init reboot=bios "
    "net.ifnames=0 module_blacklist=nouveau netconsole=@/,@10.0.0.1/ consoleblank=0 nomodeset acpi=off noapic "
    "earlyprintk=ttyS0 vga=788 ramdisk_size=32758 selinux=0 apparmor=0 mitigations=off rootdelay=5 nosmp BOOTIF=01-52 "
    "intel_iommu=on ip=dhcp keep_bootcon trace_clock=local usbcore.autosuspend=-1 console=null keyboard=us inst.ks=x"
)


def read(text: str, consoles: frozenset[str] = BARE) -> tuple[KernelWords, list[str]]:
    words, problems = parse_kernel_words(text, consoles)
    return words, [problem.line() for problem in problems]


def test_reads_an_unattended_installation() -> None:
    words, problems = read("quiet answerfile=http://pxehost/rack7.xml install atexit=poweroff")
    assert problems == []
    assert words.answerfile and words.answerfile.reveal() == "http://pxehost/rack7.xml"
    assert words.install and not words.shell
    assert words.at_exit is AtExit.POWEROFF
    assert words.network == ("all",)


def test_nothing_asked_is_no_problem() -> None:
    assert read("") == (KernelWords(), [])


def test_words_of_the_kernel_pass() -> None:
    assert read(DEBIAN) == (KernelWords(), [])


@pytest.mark.parametrize(
    ("word", "meant"),
    [
        ("answerfle=http://h/a", "answerfile"),
        ("answer-file=http://h/a", "answerfile"),
        ("Install", "install"),
        ("instal", "install"),
        ("outptu=ttyS0", "output"),
        ("atexti=shell", "atexit"),
        ("network-device=eth0", "network_device"),
        ("instaled=http://h/installed", "installed"),
        ("blaclist=e1000", "blacklist"),
        ("consol=ttyS0", "console"),
        ("sshpasword=x", "sshpassword="),
    ],
)
def test_misspelt_word_is_an_error_with_the_right_one(word: str, meant: str) -> None:
    _, problems = parse_kernel_words(word, BARE)
    assert [problem.severity for problem in problems] == [Severity.ERROR]
    assert f"`{meant}`" in problems[0].hint


@pytest.mark.parametrize("text", ["answerfile=http://h/a", "install"])
def test_answerfile_and_install_belong_together(text: str) -> None:
    _, problems = parse_kernel_words(text, BARE)
    assert len(errors(problems)) == 1 and "without" in problems[0].message


@pytest.mark.parametrize("text", ["answerfile= install", "answerfile install", "atexit", "output="])
def test_word_without_its_value_is_an_error(text: str) -> None:
    _, problems = parse_kernel_words(text, BARE)
    assert any("has no value" in problem.message for problem in errors(problems))


def test_flag_with_a_value_is_an_error() -> None:
    assert "takes no value" in read("shell=yes")[1][0]


def test_unknown_end_is_an_error_and_leaves_the_machine_up() -> None:
    words, problems = read("atexit=rebot")
    assert words.at_exit is AtExit.SHELL
    assert "reboot, poweroff, shell" in problems[0]


def test_last_of_two_values_counts_and_is_told() -> None:
    words, problems = read("atexit=shell atexit=reboot")
    assert words.at_exit is AtExit.REBOOT
    assert len(problems) == 1 and "more than once" in problems[0]


@pytest.mark.parametrize(
    ("text", "output", "serial", "set_speed"),
    [
        ("", "tty1", None, None),
        ("console=tty0", "tty1", None, None),
        ("console=tty0 console=ttyS0,115200n8", "ttyS0", SerialConsole(0, 115200), None),
        ("console=ttyS0,115200n8 console=tty0", "tty1", None, None),
        ("console=ttyS0", "ttyS0", SerialConsole(0, 9600), None),
        ("output=ttyS0", "ttyS0", SerialConsole(0, 115200), 115200),
        ("output=ttyS1,57600", "ttyS1", SerialConsole(1, 57600), 57600),
        ("output=/dev/ttyS1", "ttyS1", SerialConsole(1, 115200), 115200),
        ("console=ttyS1,57600 output=ttyS1", "ttyS1", SerialConsole(1, 57600), None),
        ("console=ttyS0,9600 output=ttyS0,57600", "ttyS0", SerialConsole(0, 57600), 57600),
        ("console=ttyS0 output=tty2", "tty2", None, None),
    ],
)
def test_output_names_terminal_and_serial_line(
    text: str, output: str, serial: SerialConsole | None, set_speed: int | None
) -> None:
    words, problems = read(text)
    assert (words.output, words.serial, words.set_speed, problems) == (output, serial, set_speed, [])


@pytest.mark.parametrize(
    ("text", "serial"),
    [
        ("output=ttyS0", SerialConsole(0)),
        ("output=ttyS1,57600", SerialConsole(1, 57600)),
        ("output=hvc0", SerialConsole(0)),
        ("console=hvc0", SerialConsole(0)),
    ],
)
def test_serial_port_that_xen_keeps_is_hvc0(text: str, serial: SerialConsole) -> None:
    words, problems = read(text, UNDER_XEN)
    assert (words.output, words.serial, words.set_speed, problems) == ("hvc0", serial, None, [])


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("console=tttyS0", "did you mean ttyS0?"),
        ("console=com1,ttty", "com1 is what Xen calls ttyS0"),
        ("console=ttyS7", "ttyS"),
        ("output=tttyS0", "did you mean ttyS0?"),
        ("output=hvc0", "it has tty1, ttyS0, ttyS1"),
        ("tttyS0", "did you mean output=ttyS0"),
        ("ttty0", "did you mean output=tty"),
        ("ttyS1,57600", "did you mean output=ttyS1"),
    ],
)
def test_console_that_does_not_exist_is_told_but_stops_nothing(text: str, hint: str) -> None:
    words, problems = parse_kernel_words(text, BARE)
    assert words.output == "tty1"
    assert [problem.severity for problem in problems] == [Severity.WARNING]
    assert hint in problems[0].hint


@pytest.mark.parametrize(
    ("value", "network"), [("eth1", "eth1"), ("all", "all"), ("52-54-00-AB-CD-EF", "52:54:00:ab:cd:ef")]
)
def test_network_device_by_name_mac_or_all(value: str, network: str) -> None:
    assert read(f"network_device={value}")[0].network == (network,)


@pytest.mark.parametrize(
    ("text", "network"),
    [
        ("network_config=dhcp", "all"),
        ("network_config=dhcp:vlan=12 network_device=eth1", "eth1.12"),
        ("network_config=static:ip=10.0.2.7;netmask=255.255.255.0;gateway=10.0.2.2", "all static 10.0.2.7/24 10.0.2.2"),
        (
            '"network_config=static:ip=10.1.2.3;netmask=255.255.0.0;gateway=10.1.0.1;dns=10.1.0.2,10.1.0.3;vlan=7" '
            "network_device=52:54:00:AB:CD:EF",
            "52:54:00:ab:cd:ef.7 static 10.1.2.3/16 10.1.0.1 10.1.0.2 10.1.0.3",
        ),
        ("network_config=dhcp answerfile=file:///a install", "all"),
    ],
)
def test_network_config_says_how_the_image_gets_its_address(text: str, network: str) -> None:
    words, problems = read(text)
    assert problems == []
    assert words.network == tuple(network.split())


@pytest.mark.parametrize(
    ("config", "fault"),
    [
        ("dchp", "neither dhcp nor static"),
        ("dhcp:vlan=5000", "VLAN"),
        ("dhcp:ip=10.0.2.7", "unknown here"),
        ("static", "ip and netmask and gateway missing"),
        ("static:ip=10.0.2.7;netmask=255.255.255.0", "gateway missing"),
        ("static:ip=10.0.2.7;netmask=24;gateway=10.0.2.2", "subnet mask"),
        ("static:ip=10.0.2.7;netmask=255.255.255.0;gateway=10.9.9.9", "outside the network"),
        ("static:ip=10.0.2.7;ip=10.0.2.8;netmask=255.255.255.0;gateway=10.0.2.2", "more than once"),
        ("static:ip=;netmask=255.255.255.0;gateway=10.0.2.2", "no value"),
        ("static:ip=10.0.2.7;netmask=255.255.255.0;gateway=10.0.2.2;dns=ns1", "IPv4 address"),
    ],
)
def test_wrong_network_config_is_an_error_that_says_why(config: str, fault: str) -> None:
    words, problems = parse_kernel_words(f"network_config={config}", BARE)
    assert len(errors(problems)) == 1 and fault in problems[0].message
    assert words.network == ()


def test_nics_are_named_by_mac_address() -> None:
    words, problems = read("map_netdev=eth1:52-54-00-AB-CD-EF map_netdev=eth0:52:54:00:ab:cd:01")
    assert problems == []
    assert words.nic_names == ("eth1:52:54:00:ab:cd:ef", "eth0:52:54:00:ab:cd:01")


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("map_netdev=eth0", "not a MAC address"),
        ("map_netdev=lan0:52:54:00:ab:cd:01", "not a name that a NIC can be given"),
        ("map_netdev=eth0:52:54:00:ab:cd:01 map_netdev=eth0:52:54:00:ab:cd:02", "eth0 is given to two NICs"),
        ("map_netdev=eth0:52:54:00:ab:cd:01 map_netdev=eth1:52:54:00:ab:cd:01", "one NIC is given two names"),
    ],
)
def test_wrong_name_of_a_nic_is_an_error(text: str, fault: str) -> None:
    words, problems = parse_kernel_words(text, BARE)
    assert len(errors(problems)) == 1 and fault in problems[0].message
    assert words.nic_names == ()


def test_modules_are_loaded_refused_and_asked_for() -> None:
    words, problems = read("extramodules=raid1,dm-raid extramodules=raid1 blacklist=e1000 interactive-modules")
    assert problems == []
    assert (words.extra_modules, words.blacklist, words.ask_modules) == (("raid1", "dm_raid"), ("e1000",), True)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("blacklist=../x", "not the name of a module"),
        ("extramodules=-r", "not the name of a module"),
        ("extramodules=dm-raid blacklist=dm_raid", "dm_raid is in `extramodules` and in `blacklist`"),
        ("extramodules=", "has no value"),
        ("interactive-modules=yes", "takes no value"),
    ],
)
def test_wrong_word_about_modules_is_an_error(text: str, fault: str) -> None:
    _, problems = parse_kernel_words(text, BARE)
    assert len(errors(problems)) == 1 and fault in problems[0].message


def test_wrong_network_device_is_an_error() -> None:
    assert errors(parse_kernel_words("network_device=52:54", BARE)[1])


@pytest.mark.parametrize("url", ["file:///answers.xml", "/answers.xml"])
def test_local_answerfile_needs_no_network(url: str) -> None:
    assert read(f"answerfile={url} install")[0].network == ()


@pytest.mark.parametrize("address", ["ftp://host/a.xml", "nfs://host/a.xml", "host:/a.xml", "https://host/a.xml"])
def test_answerfile_of_a_server_needs_the_network(address: str) -> None:
    words, problems = read(f"answerfile={address} install")
    assert words.answerfile and (words.network, problems) == (("all",), [])


def test_server_to_be_told_of_the_host_needs_the_network() -> None:
    words, problems = read("answerfile=/answers.xml install installed=http://192.168.77.1:8080/installed")
    assert (words.installed, words.network, problems) == ("http://192.168.77.1:8080/installed", ("all",), [])


@pytest.mark.parametrize("url", ["https://h/i", "http://u:hidden@h/i", "http://h/i;reboot", "h"])
def test_server_that_cannot_be_told_is_an_error(url: str) -> None:
    words, problems = parse_kernel_words(f"answerfile=/a install installed={url}", BARE)
    assert words.installed == "" and len(errors(problems)) == 1
    assert "hidden" not in problems[0].line()


def test_server_cannot_be_told_of_an_installation_by_screens() -> None:
    words, problems = parse_kernel_words("installed=http://h/installed", BARE)
    assert words.installed == "" and len(errors(problems)) == 1


@pytest.mark.parametrize(
    ("text", "password"),
    [
        ("sshd", None),
        ("sshpassword=marked-secret", "marked-secret"),
        ("sshd sshpassword=marked-secret", "marked-secret"),
    ],
)
def test_root_is_let_in_by_ssh_over_the_network(text: str, password: str | None) -> None:
    words, problems = read(text)
    assert problems == [] and words.ssh and words.network == ("all",)
    assert (words.ssh_password.reveal() if words.ssh_password else None) == password


def test_ssh_comes_over_the_network_of_the_words() -> None:
    assert read("sshd network_device=eth1 network_config=dhcp:vlan=12")[0].network == ("eth1.12",)


@pytest.mark.parametrize(
    ("text", "fault", "hint"),
    [
        ("sshpassword", "has no value", "`sshd`"),
        ("sshpassword=", "has no value", "`sshd`"),
        ('"sshpassword=  "', "the password is empty", "`sshd`"),
        ('"sshpassword=marked secret"', "a blank", "letters"),
        ("sshpassword=märked-secret", "outside ASCII", "letters"),
        ("sshpassword=m", "fewer than 6 characters", "`sshd`"),
        ("sshpassword=mark5", "fewer than 6 characters", "`sshd`"),
        (f"sshpassword={'m' * 73}", "longer than 72 characters", "shorter"),
        ("sshpassword=@SECRET@", "template mark", "script"),
        ("sshd=marked-secret", "takes no value", "`sshd`"),
    ],
)
def test_wrong_password_for_ssh_is_an_error_that_does_not_show_it(text: str, fault: str, hint: str) -> None:
    words, problems = parse_kernel_words(text, BARE)
    assert len(errors(problems)) == 1 and words.ssh_password is None
    assert fault in problems[0].message and hint in problems[0].hint
    assert not re.search("marked|märked|mmm|SECRET", f"{words!r} {problems}")


@pytest.mark.parametrize("length", [6, 72])
def test_shortest_and_longest_password_for_ssh_are_taken(length: int) -> None:
    words, problems = read(f"sshpassword={'!' * length}")
    assert problems == [] and words.ssh_password and len(words.ssh_password) == length


@given(
    st.sampled_from(["sshpassword=", "sshpasword=", "ssh-password=", "sshpassword:", "sshpassword", "sshd="]), st.text()
)
def test_password_for_ssh_is_never_shown_however_the_word_is_written(name: str, text: str) -> None:
    words, problems = parse_kernel_words(f"{name}marked-secret{text} sshpassword=marked-secret", BARE)
    assert "marked-secret" not in f"{words} {words!r} {problems}"


def test_quotes_hold_blanks_together() -> None:
    assert list(split_words('a="b c" "d e=f"  g')) == ["a=b c", "d e=f", "g"]


@pytest.mark.parametrize(
    "address",
    [
        "http:/u:hidden@h/x",
        "http:u:hidden@h",
        "hhtp://u:hidden@h/x",
        "u:hidden@h/x",
        "//u:hidden@h/x",
        "ftp:/u:hidden@h",
    ],
)
def test_address_that_is_none_is_an_error_and_never_shown(address: str) -> None:
    words, problems = parse_kernel_words(f"answerfile={address} install", BARE)
    assert words.answerfile is None
    assert [problem.message.partition(":")[0] for problem in errors(problems)] == ["answerfile"]
    assert "hidden" not in f"{words!r} {problems}"


def test_credentials_are_never_shown() -> None:
    words, problems = parse_kernel_words(
        "answerfile=http://u:hidden@h/a answerfile=http://u:hidden@h/b console=http://u:hidden@h", BARE
    )
    assert "hidden" not in f"{words} {words!r} {problems}"


def test_serial_port_without_a_chip_is_not_present(tmp_path: Path) -> None:
    for name, kind in (("ttyS0", "4"), ("ttyS1", "0"), ("tty1", None), ("hvc0", None)):
        tmp_path.joinpath(name).mkdir()
        if kind:
            tmp_path.joinpath(name, "type").write_text(f"{kind}\n", encoding="ascii")
    assert present_consoles(str(tmp_path)) == {"ttyS0", "tty1", "hvc0"}


@given(st.text(), st.frozensets(st.sampled_from(sorted(BARE | UNDER_XEN))))
def test_any_text_is_read(text: str, consoles: frozenset[str]) -> None:
    _, problems = parse_kernel_words(text, consoles)
    assert all("\n" not in problem.line() for problem in problems)


_NAMES = st.sampled_from(
    [
        "console",
        "output",
        "atexit",
        "answerfile",
        "network_device",
        "network_config",
        "install",
        "tttyS0",
        "sshpassword",
        "sshd",
        "driver-source",
        *LISTS,
        "ca",
        "key",
        "report",
    ]
)


@given(st.lists(st.tuples(_NAMES, st.text(max_size=12)).map("=".join), max_size=6).map(" ".join))
def test_any_values_are_read_and_every_problem_is_one_line(text: str) -> None:
    words, problems = parse_kernel_words(text, BARE)
    assert words.output in BARE
    assert all("\n" not in problem.line() for problem in problems)


@pytest.mark.parametrize("address", ["http://h/{mac}.xml", "nfs://h/{serial}/a", "server:/answers/{hostname}.xml"])
def test_marks_in_the_address_of_the_answers_are_left_for_the_installer(address: str) -> None:
    words, problems = read(f"answerfile={address} install")
    assert words.answerfile and (words.answerfile.reveal(), words.network, problems) == (address, ("all",), [])


@pytest.mark.parametrize("mark", ["{asset}", "{{ mac }}", "{mac"])
def test_other_marks_in_the_address_of_the_answers_are_errors(mark: str) -> None:
    words, problems = parse_kernel_words(f'answerfile="http://u:hidden@h/{mark}" install', BARE)
    assert words.answerfile is None and len(errors(problems)) == 1
    assert "hidden" not in problems[0].line()


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("http://u:marked-secret@h/d", ("all",)),
        ("server:/drivers", ("all",)),
        ("/drivers", ()),
        ("file:///drivers", ()),
    ],
)
def test_driver_disk_is_an_address_that_may_want_the_network(address: str, network: tuple[str, ...]) -> None:
    words, problems = read(f"driver-source={address}")
    assert words.driver_disk and words.driver_disk.kind is LocationKind.URL and not problems
    assert words.network == network and "marked-secret" not in str(words)


def test_driver_disk_on_a_disc_or_stick() -> None:
    words, problems = read("driver-source=local")
    assert (words.driver_disk, words.network, problems) == (Location(LocationKind.LOCAL), (), [])


@pytest.mark.parametrize("text", ["driver-source", "driver-source=", "driver-source=htp://u:marked-secret@h/d"])
def test_driver_disk_without_a_good_address_is_an_error_that_shows_no_secret(text: str) -> None:
    words, problems = parse_kernel_words(text, BARE)
    assert words.driver_disk is None and len(errors(problems)) == 1
    assert "driver-source" in problems[0].message and "marked-secret" not in problems[0].line()


def test_misspelt_driver_source_is_no_word_of_the_kernels() -> None:
    _, problems = parse_kernel_words("driver-sorce=http://h/d", BARE)
    assert "did you mean `driver-source`?" in problems[0].line()


@pytest.mark.parametrize(
    ("address", "network"),
    [("https://h/ca.pem", ("all",)), ("nfs://h/ca.pem", ("all",)), ("file:///ca.pem", ()), ("/ca.pem", ())],
)
def test_certificate_or_key_brings_up_the_network_only_when_it_comes_over_it(
    address: str, network: tuple[str, ...]
) -> None:
    for name in ("ca", "key"):
        words, problems = read(f"{name}={address}")
        (place,) = words.trust.ca_certificates + words.trust.repository_keys
        assert (place.url.reveal(), words.network, problems) == (address, network, [])


@pytest.mark.parametrize("address", ["http://u:marked-secret@h:x/", "ca.pem?marked-secret", ""])
def test_address_of_a_certificate_or_key_that_is_none_is_an_error_and_not_quoted(address: str) -> None:
    for name in ("ca", "key"):
        words, problems = parse_kernel_words(f"{name}={address}", BARE)
        assert words.trust == NO_TRUST and len(errors(problems)) == 1
        assert name in problems[0].message and "marked-secret" not in problems[0].line()


@pytest.mark.parametrize("address", ["http://h/r", "https://u:p@h/r?x", "syslog://h", "syslog+tcp://10.0.0.1:601/"])
def test_place_for_reports_is_beyond_the_network(address: str) -> None:
    words, problems = read(f"report={address}")
    assert words.trust.report and words.trust.report.url.reveal() == address
    assert (words.network, problems) == (("all",), [])


@pytest.mark.parametrize("address", ["ftp://u:marked-secret@h/", "/marked-secret", "syslog://u:marked-secret@h", ""])
def test_place_that_no_report_goes_to_is_an_error_and_not_quoted(address: str) -> None:
    words, problems = parse_kernel_words(f"report={address}", BARE)
    assert words.trust == NO_TRUST and len(errors(problems)) == 1
    assert "marked-secret" not in problems[0].line()
