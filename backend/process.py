"""Programs of this machine: run to the end, or connected by pipes. Only `system.py` uses this."""

from __future__ import annotations

import fcntl
import os
import resource
import select
import shlex
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from types import FrameType

from installer.model.errors import CommandFailed, MissingTool

Argv = tuple[str, ...]
Log = Callable[[str], None]
Handler = Callable[[int, FrameType | None], object]
ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
ENVIRONMENT = {
    "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
    "LC_ALL": "C.UTF-8",
    "HOME": "/root",
    "LVM_SUPPRESS_FD_WARNINGS": "1",
}
TAIL_LINES = 10
PIPE_BYTES = 1024 * 1024  # what anybody may have (pipe(7)); with 64 KiB quick programs wait for each other
COMPLAINT_BYTES = 4096
PIECE_BYTES = 65536


def run_program(
    argv: Argv, stdin: str, ok: Sequence[int], timeout_s: float | None, why: str, log: Log
) -> tuple[str, ...]:
    """Run a program to its end; returns its output lines, both streams together.

    Raises CommandFailed with the last lines when the exit status is not in `ok` or the time is over, MissingTool.
    """
    started = time.monotonic()
    # into a file, not a pipe: a process that the program leaves in the background holds a pipe open for good
    with tempfile.TemporaryFile() as output:
        process = _start(argv, stdin=subprocess.PIPE, stdout=output.fileno(), stderr=subprocess.STDOUT)
        late = False
        try:
            process.communicate(stdin.encode(), timeout=timeout_s)
        except subprocess.TimeoutExpired:
            late = True
        finally:
            _end_group(process)
        output.seek(0)
        lines = tuple(output.read().decode(errors="replace").splitlines())
    log(f"$ {shlex.join(argv)} -> {process.returncode} ({time.monotonic() - started:.2f} s)")
    for line in lines:
        log(f"  {line}")
    if late:
        why = f"{argv[0]} did not end within {timeout_s:.0f} s"
    if late or process.returncode not in ok:
        raise CommandFailed(argv, process.returncode, lines[-TAIL_LINES:], why=why)
    return lines


class Pipeline:
    """Programs connected by pipes, fed by `write`; leaving the context waits for them and raises their failure."""

    def __init__(
        self, commands: Sequence[Argv], log: Log, cpu_s: int | None = None, memory_bytes: Sequence[int | None] = ()
    ) -> None:
        self._commands = tuple(commands)
        self._cpu_s = cpu_s  # of processor time for each of them
        missing = [None] * (len(self._commands) - len(memory_bytes))
        self._memory_bytes = (*memory_bytes, *missing)  # of address space, for each of them
        self._log = log
        self._processes: list[subprocess.Popen[bytes]] = []
        self._complaints: list[bytes] = []
        self._readers: list[threading.Thread] = []

    def __enter__(self) -> Pipeline:
        try:
            for argv, limit in zip(self._commands, self._memory_bytes, strict=True):
                self._start_next(argv, limit)
        except BaseException:  # a later program may be missing while the first ones run
            self._kill()
            raise
        return self

    def _start_next(self, argv: Argv, memory_bytes: int | None) -> None:
        before = self._processes[-1].stdout if self._processes else None
        last = len(self._processes) == len(self._commands) - 1
        process = _start(
            argv,
            stdin=before.fileno() if before else subprocess.PIPE,
            stdout=subprocess.DEVNULL if last else subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        if before:
            before.close()  # so that a program hears when the one it feeds has died
        self._processes.append(process)
        for pipe in (process.stdin, None if last else process.stdout):
            if pipe:
                with suppress(OSError):  # a user may have too many of them
                    fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, PIPE_BYTES)
        with suppress(ProcessLookupError):  # it has ended already
            if self._cpu_s:
                resource.prlimit(process.pid, resource.RLIMIT_CPU, (self._cpu_s, self._cpu_s + 1))
            if memory_bytes:  # it takes more only after it has read something
                resource.prlimit(process.pid, resource.RLIMIT_AS, (memory_bytes, memory_bytes))
        self._listen(process)

    def _listen(self, process: subprocess.Popen[bytes]) -> None:
        position = len(self._complaints)
        self._complaints.append(b"")

        def read() -> None:
            for line in process.stderr or ():
                self._complaints[position] = (self._complaints[position] + line)[-COMPLAINT_BYTES:]

        reader = threading.Thread(target=read, daemon=True)
        reader.start()
        self._readers.append(reader)

    def write(self, data: bytes) -> None:
        """Feed the first program; when one has died, its own complaint is raised instead of a broken pipe."""
        stdin = self._processes[0].stdin
        try:
            if stdin:
                stdin.write(data)
        except BrokenPipeError:
            self._finish()
            raise CommandFailed(self._commands[0], 0, (), why=f"{self._commands[0][0]} stopped reading") from None

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is not None:
            self._kill()
            return
        try:
            self._finish()
        except CommandFailed:
            raise
        except BaseException:  # broken off while one of them would not end
            self._kill()
            raise

    def _kill(self) -> None:
        for process in self._processes:
            _end_group(process)
        self._wait()

    def _wait(self) -> list[int]:
        stdin = self._processes[0].stdin if self._processes else None
        if stdin:
            with suppress(BrokenPipeError):
                stdin.close()
        statuses = [process.wait() for process in self._processes]
        for reader, process in zip(self._readers, self._processes, strict=True):
            reader.join()
            if process.stderr:
                process.stderr.close()
        return statuses

    def _finish(self) -> None:
        """Wait; the first program that failed by itself is told, with what those behind it made of its end.

        One that lost its reader is ended by SIGPIPE: then the reader's failure is what went wrong.
        """
        results = list(zip(self._commands, self._wait(), self._complaints, strict=True))
        for argv, status, complaint in results:
            self._log(f"$ {shlex.join(argv)} -> {status}")
            for line in complaint.decode(errors="replace").splitlines():
                self._log(f"  {line}")
        for argv, status, _ in results:
            if status == -signal.SIGXCPU:
                said = b"".join(self._complaints).decode(errors="replace").splitlines()
                why = f"{argv[0]} took more than {self._cpu_s} s of processor time"
                raise CommandFailed(argv, status, tuple(said[-TAIL_LINES:]), why=why)
        failed = [result for result in results if result[1] not in (0, -signal.SIGPIPE)]
        for argv, status, _ in failed or [result for result in results if result[1]]:
            ends = [said.decode(errors="replace").splitlines()[-TAIL_LINES:] for *_, said in failed]
            raise CommandFailed(argv, status, tuple(line for lines in ends for line in lines))


class Child:
    """A program that is handed all its input at once and read piece by piece; leaving the context ends it."""

    def __init__(self, argv: Argv, stdin: bytes) -> None:
        # in memory: a pipe might fill while nobody reads, and no file on a disk is to hold a secret
        self._complaints, given = os.memfd_create("complaints"), os.memfd_create("input")
        try:
            os.write(given, stdin)
            os.lseek(given, 0, os.SEEK_SET)
            self._process = _start(argv, stdin=given, stdout=subprocess.PIPE, stderr=self._complaints)
        except BaseException:
            os.close(self._complaints)
            raise
        finally:
            os.close(given)

    def __enter__(self) -> Child:
        return self

    def read(self, timeout_s: float) -> bytes | None:
        """Return what it has written by now, None when that is nothing for so long, b"" when it has ended."""
        stdout = self._process.stdout
        if stdout is None or not select.select((stdout,), (), (), timeout_s)[0]:
            return None
        return os.read(stdout.fileno(), PIECE_BYTES)

    def last_fault(self) -> str:
        """Return the kind of the exception it ended with; what it says may hold an address with a password."""
        lines = self.complaint().split("\n")
        return next((line for line in reversed(lines) if line.strip()), "").partition(":")[0]

    def complaint(self) -> str:
        """Return the end of what it wrote to standard error."""
        size = os.lseek(self._complaints, 0, os.SEEK_END)
        return os.pread(self._complaints, COMPLAINT_BYTES, max(0, size - COMPLAINT_BYTES)).decode(errors="replace")

    def status(self) -> int:
        """Wait for its end and return its exit status."""
        return self._process.wait()

    def __exit__(self, *_: object) -> None:
        _end_group(self._process)
        if self._process.stdout:
            self._process.stdout.close()
        os.close(self._complaints)


def run_interactive(argv: Argv) -> None:
    """Run a program on this process's terminal until it ends; Ctrl-C is for it alone.

    Call it from the main thread, with nobody else reading from the terminal.
    """
    before = signal.signal(signal.SIGINT, lambda *_: None)  # SIG_IGN would be inherited
    try:
        terminal = {"TERM": os.environ.get("TERM", "linux")}
        subprocess.run(argv, env={**ENVIRONMENT, **terminal}, cwd="/", check=False)
    except OSError as error:
        raise CommandFailed(argv, 126, (), why=f"{argv[0]} cannot be run: {error.strerror}") from error
    finally:
        signal.signal(signal.SIGINT, before)


def _end_group(process: subprocess.Popen[bytes]) -> None:
    """End a program and whatever it left running: nothing may keep the target busy."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _start(argv: Argv, *, stdin: int, stdout: int, stderr: int) -> subprocess.Popen[bytes]:
    """Start a program in a process group of its own: Ctrl-C is for the installer, which then ends its children.

    A signal that comes in the middle waits until the program can be ended: else nobody would know that it runs.
    """
    came: list[int] = []
    handlers = _hold_signals(came)
    process = None
    try:
        process = subprocess.Popen(
            argv, stdin=stdin, stdout=stdout, stderr=stderr, env=ENVIRONMENT, cwd="/", process_group=0
        )
        return process
    except FileNotFoundError:
        raise MissingTool(
            f"the program {argv[0]} is not on this machine", hint="install the package that contains it and start again"
        ) from None
    except OSError as error:
        raise CommandFailed(argv, 126, (), why=f"{argv[0]} cannot be run: {error.strerror}") from error
    finally:
        if came and process:
            _end_group(process)
        for number, handler in handlers.items():
            signal.signal(number, handler)
        if came:
            signal.raise_signal(came[0])


def _hold_signals(came: list[int]) -> dict[signal.Signals, Handler]:
    """Note signals that end the installer instead of heeding them; returns the handlers that this replaced.

    Blocking them would not do, as the program inherits what is blocked; ignored ones stay so.
    """
    if threading.current_thread() is not threading.main_thread():
        return {}  # signals are heard in the main thread alone
    found = {number: signal.getsignal(number) for number in ENDING}
    handlers = {number: handler for number, handler in found.items() if callable(handler)}
    for number in handlers:
        signal.signal(number, lambda heard, _: came.append(heard))
    return handlers
