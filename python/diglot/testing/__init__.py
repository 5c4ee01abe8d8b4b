"""Helpers for tests: stubs in the place of services, and whole servers."""

import contextlib
import os
import re
import shutil
import signal
import subprocess
import threading

from ._calls import stubs

__all__ = ["Server", "serve", "stub"]

#: Seconds a server has to say that it listens.
START_S = 30
#: Seconds a server has to end.
END_S = 30


@contextlib.contextmanager
def stub(service, **functions):
    """Puts functions in the place of a service's, for code that calls them by `services`.

        with stub("model", similar=lambda item_id, k=10: [1, 2, 3]):
            ...

    Sync and async functions and generators may stand in. Arguments and results are encoded and decoded as on the real
    way, with the native codec where Diglot runs the program, else with one in Python that does the same. What a stub
    raises comes as `RemoteError`, or as it is if it is a `CallError`. Other functions of the service are unknown.
    """
    before = stubs.put(service, functions)
    try:
        yield
    finally:
        stubs.restore(service, before)


class Server:
    """A server that runs. `url` is that of its first listener, `urls` has all, `log` what it has written so far."""

    def __init__(self, process):
        self.process = process
        self.urls = []
        self._lines = []
        self._has_ended = False
        self._changed = threading.Condition()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    @property
    def url(self):
        return self.urls[0]

    @property
    def log(self):
        with self._changed:
            return "".join(self._lines)

    def _read(self):
        for line in self.process.stderr:
            found = re.match(r"diglot: listening on (\S+)", line)
            with self._changed:
                self._lines.append(line)
                if found:
                    self.urls.append(found[1])
                self._changed.notify_all()
        with self._changed:
            self._has_ended = True
            self._changed.notify_all()

    def _wait(self, listeners):
        with self._changed:
            self._changed.wait_for(lambda: len(self.urls) >= listeners or self._has_ended, START_S)
            if len(self.urls) >= listeners:
                return
        self.stop()
        raise RuntimeError(f"the server does not listen:\n{self.log}")

    def stop(self):
        """Ends the server, and returns its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            code = self.process.wait(END_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            code = self.process.wait()
        self._reader.join(END_S)
        self.process.stderr.close()
        return code


@contextlib.contextmanager
def serve(folder=".", *targets, listen=("127.0.0.1:0",), command=None, env=None):
    """Runs a whole server in a folder: of its `diglot.toml`, or of targets such as `"main:app"`.

        with serve("shop") as server:
            httpx.get(f"{server.url}/items")

    It begins when all listeners listen, and ends with the block. `command` is the `diglot` to run: by default that of
    DIGLOT_BIN, or the one on the PATH.
    """
    command = command or os.environ.get("DIGLOT_BIN") or shutil.which("diglot")
    if command is None:
        raise RuntimeError("there is no diglot on the PATH: install it, or name it with DIGLOT_BIN")
    listeners = [part for address in listen for part in ("--listen", address)]
    process = subprocess.Popen(
        [command, "serve", *targets, *listeners],
        cwd=folder,
        env={**os.environ, **(env or {})},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        errors="replace",
    )
    server = Server(process)
    try:
        server._wait(len(listen))
        yield server
    finally:
        server.stop()
