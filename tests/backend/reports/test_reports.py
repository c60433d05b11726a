"""Reports to real servers, good, dead, slow and hostile: what arrives, and that nobody ever waits for them."""

from __future__ import annotations

import json
import re
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from backend.reports import AT_THE_END_S, KEPT, Reports
from backend.reports.carriers import Sender, carrier_for
from backend.reports.outbox import Outbox, Pace, Record
from backend.reports.syslog import LARGEST_BYTES, message
from backend.sources.trust import Trusted, trusting
from installer.model.errors import UsageError
from installer.model.host import Nic
from installer.model.identity import Identity
from installer.model.rules import report_location
from installer.model.secret import Masker, Secret
from installer.model.source import Location, LocationKind
from installer.records import masked_record
from tests.backend.reports.receivers import Answer, Taken, datagrams, receiving, streams
from tests.backend.sources.proxy_server import ProxyServer, proxying
from tests.backend.sources.web_server import Authority
from tests.needs import needs

IDENTITY = Identity((Nic("eth0", "00:16:3e:12:ab:cd"),), serial="S1", product="Box", hostname="rack7")
SENDER = Sender(IDENTITY.headers(), "rack7", "run")
QUICK = Pace(gather_s=0.05, pause_s=0.05, longest_pause_s=0.1, moment_s=0.05)
INSTANT_S = 0.5  # far above what taking a record costs, far below any wait for a server


def record(number: int, event: str = "StepStarted") -> Record:
    return {"event": event, "number": number}


def outbox(url: str, pace: Pace = QUICK) -> Outbox:
    return Outbox(carrier_for(report_location(url), SENDER), lambda record: record, pace)


def same(record: Record) -> Record:
    return record


def finished(box: Outbox, limit_s: float = 5) -> str:
    box.finish()
    return box.wait(limit_s)


def wait_for(condition: Callable[[], object]) -> None:
    end_s = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < end_s
        time.sleep(0.01)


def numbers(taken: Taken) -> list[object]:
    return [record["number"] for record in taken.records]


def test_records_arrive_in_order_with_time_number_machine_and_run() -> None:
    taken, reports = Taken(), Reports(same)
    with receiving(taken) as server:
        reports.open(report_location(f"http://{server}/reports?site=7"), IDENTITY)
        for number in range(250):
            reports.put(record(number))
        assert reports.close() == ()
    assert numbers(taken) == list(range(250))
    assert [one["sequence"] for one in taken.records] == list(range(1, 251))
    assert re.fullmatch(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", str(taken.records[0]["time"]))
    first = taken.headers[0]
    assert first["Content-Type"] == "application/x-ndjson"
    assert first["X-Installer-MAC-0"] == "eth0 00:16:3e:12:ab:cd" and first["X-Installer-Serial"] == "S1"
    assert first["X-Installer-Run"] == reports.run
    assert 3 <= len(taken.headers) <= 5


def test_place_that_is_known_late_is_told_what_was_before() -> None:
    first, second, reports = Taken(), Taken(), Reports(same)
    with receiving(first) as one, receiving(second) as other:
        reports.put(record(1))
        reports.open(report_location(f"http://{one}/"), IDENTITY)
        reports.put(record(2))
        reports.open(report_location(f"http://{other}/"), IDENTITY)
        reports.open(report_location(f"http://{other}/"), IDENTITY)
        reports.put(record(3))
        assert reports.close() == ()
    assert numbers(first) == numbers(second) == [1, 2, 3]


def test_what_is_kept_for_a_late_place_has_an_end() -> None:
    taken, reports = Taken(), Reports(same)
    with receiving(taken) as server:
        for number in range(KEPT + 50):
            reports.put(record(number))
        reports.open(report_location(f"http://{server}/"), IDENTITY)
        reports.close()
    assert numbers(taken) == list(range(50, KEPT + 50))


def test_progress_is_told_once_a_second() -> None:
    taken, reports = Taken(), Reports(same)
    with receiving(taken) as server:
        reports.open(report_location(f"http://{server}/"), IDENTITY)
        for number in range(500):
            reports.put(record(number, "StepProgress"))
        reports.put(record(500))
        reports.close()
    assert taken.events() == ["StepProgress", "StepStarted"]


def test_secrets_are_taken_out_of_every_text_even_those_learned_later() -> None:
    taken, masker = Taken(), Masker()
    reports = Reports(lambda record: masked_record(record, masker.mask))
    with receiving(taken) as server:
        reports.open(
            report_location(f"http://marked-secret-user:marked-secret-word@{server}/x?marked-secret"), IDENTITY
        )
        reports.put(
            {"event": "StepFailed", "output": ["a marked-secret-root b"], "deep": {"er": ["marked-secret-root"]}}
        )
        masker.hide(Secret("marked-secret-root"))
        reports.close()
    assert taken.records[0]["output"] == ["a *** b"] and taken.records[0]["deep"] == {"er": ["***"]}
    assert "marked-secret" not in taken.text
    assert taken.headers[0]["Authorization"].startswith("Basic ")


def test_https_is_verified_and_goes_by_the_proxy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    needs("openssl")
    authority, proxy, taken = Authority(tmp_path), ProxyServer(), Taken()
    with receiving(taken, tls=authority.server()) as server, proxying(proxy) as address:
        monkeypatch.setenv("https_proxy", f"http://{address}")
        box = outbox(f"https://{server}/")
        box.put(record(1))
        assert "signed by an authority not known here" in finished(box)
        with trusting(Trusted((authority.pem.read_text(),))):
            box = outbox(f"https://{server}/")
            box.put(record(2))
            assert finished(box) == ""
    assert numbers(taken) == [2] and proxy.asked[-1] == f"CONNECT {server}"


def test_server_that_fails_at_first_gets_every_record_once() -> None:
    taken, left = Taken(), [503, 500, 429]
    with receiving(taken, lambda handler: left.pop() if left else 204) as server:
        box = outbox(f"http://{server}/")
        for number in range(5):
            box.put(record(number))
        wait_for(lambda: not left and taken.records)
        assert finished(box) == ""
    assert numbers(taken) == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("status", [400, 404, 301, 401])
def test_what_a_server_refuses_is_not_sent_again_and_told_at_the_end(status: int) -> None:
    taken, asked = Taken(), []

    def answer(handler: BaseHTTPRequestHandler) -> int:
        asked.append(handler.path)
        return status if len(asked) == 1 else 200

    with receiving(taken, answer) as server:
        box = outbox(f"http://{server}/")
        box.put(record(1))
        wait_for(lambda: asked)
        time.sleep(0.2)
        box.put(record(2))
        assert "is not complete" in finished(box)
    assert numbers(taken) == [2] and len(asked) == 2


def trickling(handler: BaseHTTPRequestHandler) -> int:
    with suppress(OSError):
        for _ in range(1000):
            handler.wfile.write(b"H")
            time.sleep(0.05)
    return 0


def silent(handler: BaseHTTPRequestHandler) -> int:
    time.sleep(60)
    return 0


def endless(handler: BaseHTTPRequestHandler) -> int:
    with suppress(OSError):
        handler.wfile.write(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            handler.wfile.write(bytes(65536))
    return 0


def endless_head(handler: BaseHTTPRequestHandler) -> int:
    with suppress(OSError):
        handler.wfile.write(b"HTTP/1.1 200 OK\r\n")
        while True:
            handler.wfile.write(b"X: " + b"x" * 60000 + b"\r\n")
    return 0


def elsewhere(handler: BaseHTTPRequestHandler) -> int:
    handler.wfile.write(b"HTTP/1.1 307 Go\r\nLocation: /again\r\nContent-Length: 0\r\n\r\n")
    return 0


def broken(handler: BaseHTTPRequestHandler) -> int:
    handler.wfile.write(b"\x00\xff nothing of the kind\r\n\r\n")
    return 0


@pytest.mark.parametrize("answer", [trickling, silent, endless, endless_head, elsewhere, broken])
def test_nobody_waits_for_a_hostile_server(answer: Answer) -> None:
    with receiving(Taken(), answer) as server:
        reports = Reports(same)
        reports.open(report_location(f"http://{server}/"), IDENTITY)
        began_s = time.monotonic()
        for number in range(3000):
            reports.put(record(number))
        assert time.monotonic() - began_s < INSTANT_S
        reports.close()
        assert time.monotonic() - began_s < AT_THE_END_S + 1


@contextmanager
def dead() -> Iterator[str]:
    """Give an address that takes no connection any more: its queue is full."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen(0)
        clients = [socket.socket() for _ in range(3)]
        for client in clients:
            client.setblocking(False)
            client.connect_ex(server.getsockname())
        yield f"127.0.0.1:{server.getsockname()[1]}"
        for client in clients:
            client.close()


def test_dead_server_costs_a_moment_at_the_end_and_is_told_once() -> None:
    with dead() as server:
        reports = Reports(same)
        reports.open(report_location(f"http://u:marked-secret@{server}/"), IDENTITY)
        reports.put(record(1))
        began_s = time.monotonic()
        (told,) = reports.close()
        assert time.monotonic() - began_s < AT_THE_END_S + 1
    assert told.startswith(f"the report to http://***@{server}/ is not complete")
    assert "marked-secret" not in told


def test_port_where_nobody_listens_is_told_in_the_middle_and_not_again() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        box = outbox(f"http://127.0.0.1:{closed.getsockname()[1]}/")
        box.put(record(1))
        faults: list[str] = []

        def told() -> bool:
            faults.extend(filter(None, [box.new_fault()]))
            return bool(faults)

        wait_for(told)
        assert "does not arrive, the installation goes on: " in faults[0] and "refuses the connection" in faults[0]
        time.sleep(0.3)
        began_s = time.monotonic()
        assert (box.new_fault(), finished(box)) == ("", "")
        assert time.monotonic() - began_s < 2


def test_full_queue_drops_progress_first_and_then_the_oldest() -> None:
    taken, gate = Taken(), threading.Event()

    def answer(handler: BaseHTTPRequestHandler) -> int:
        gate.wait(10)
        return 200

    with receiving(taken, answer) as server:
        box = outbox(f"http://{server}/", Pace(capacity=6, batch=1, gather_s=0, pause_s=0.01, moment_s=0.01))
        box.put(record(0))
        time.sleep(0.3)  # it is under way
        for number in range(1, 7):
            box.put(record(number, "StepProgress" if number % 2 else "StepStarted"))
        for number in range(7, 13):
            box.put(record(number))
        gate.set()
        assert "is not complete" in finished(box)
    assert numbers(taken) == [0, 7, 8, 9, 10, 11, 12]


def test_address_of_no_kind_is_refused() -> None:
    with pytest.raises(UsageError, match="no such address"):
        carrier_for(Location(LocationKind.URL, Secret("ftp://u:marked-secret@h/")), SENDER)


HEAD = rb"<(\d+)>1 (20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z) (\S{1,255}) installer (\S{1,128}) (\S{1,32}) - "
SYSLOG = re.compile(HEAD + rb"(.*)", re.DOTALL)


def test_syslog_by_udp_is_a_message_for_each_record() -> None:
    taken: list[bytes] = []
    reports = Reports(same)
    with datagrams(taken) as server:
        reports.open(report_location(f"syslog://{server}"), IDENTITY)
        reports.put(record(1))
        reports.put({"event": "StepFailed", "output": ["é" * 5000] * 30, "reason": "r" * 5000, "number": 3})
        reports.put({"event": "Ended", "exit_code": 1})
        assert reports.close() == ()
        wait_for(lambda: len(taken) == 3)
    heads = [match.groups() for text in taken if (match := SYSLOG.fullmatch(text))]
    assert [int(head[0]) for head in heads] == [16 * 8 + 6, 16 * 8 + 3, 16 * 8 + 3]
    assert {head[2] for head in heads} == {b"rack7"} and {head[3].decode() for head in heads} == {reports.run}
    assert [head[4] for head in heads] == [b"StepStarted", b"StepFailed", b"Ended"]
    cut = json.loads(heads[1][5])
    assert max(map(len, taken)) <= LARGEST_BYTES and cut["number"] == 3 and cut["reason"].endswith("…")


def test_syslog_by_tcp_has_the_length_before_each_message() -> None:
    taken: list[bytes] = []
    reports = Reports(same)
    with streams(taken) as server:
        reports.open(report_location(f"syslog+tcp://{server}/"), IDENTITY)
        reports.put({"event": "Warned", "message": "w" * 5000})
        reports.put({"event": "Ended", "exit_code": 0})
        assert reports.close() == ()
        wait_for(lambda: taken)
    rest, found = b"".join(taken), []
    while rest:
        length, _, rest = rest.partition(b" ")
        found.append(SYSLOG.fullmatch(rest[: int(length)]))
        rest = rest[int(length) :]
    assert [match and int(match[1]) for match in found] == [16 * 8 + 4, 16 * 8 + 6]
    assert found[0] and json.loads(found[0][6])["message"] == "w" * 5000


def test_syslog_server_that_does_not_read_is_given_up() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        reports = Reports(same)
        reports.open(report_location(f"syslog+tcp://127.0.0.1:{server.getsockname()[1]}"), IDENTITY)
        for number in range(100):
            reports.put({"event": "Warned", "message": "w" * 500_000, "number": number})
        began_s = time.monotonic()
        assert reports.close()
        assert time.monotonic() - began_s < AT_THE_END_S + 1


def test_name_of_a_host_that_is_none_leaves_the_field_empty() -> None:
    assert b" - installer run Started - {" in message({"event": "Started", "time": "t"}, "", "run")
    assert b" ab installer run St - " in message({"event": "S t", "time": "t"}, "a b\n", "run")
