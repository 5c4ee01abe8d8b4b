"""A whole server that runs for tests."""

import contextlib
import http.client
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import threading

from .._calls import errors

#: Seconds a server has to end.
END_S = 30
#: Seconds a call of a function may take where its own deadline is later: what waits for it is a test.
CALL_S = 120


class StartError(RuntimeError):
    """The server does not listen: the text has what it wrote."""


class Server:
    """A server that runs. `url` is that of its first listener, `urls` has all, `log` what it has written so far."""

    def __init__(self, process, control):
        self.process = process
        self.urls = []
        self._control = control
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

    def call(self, name, /, **arguments):
        """Calls a function, `"model.similar"`, and returns what JSON has of its answer; of a stream, a list."""
        service, _, function = name.partition(".")
        connection = http.client.HTTPConnection("diglot", timeout=CALL_S)
        connection.sock = socket.socket(socket.AF_UNIX)
        try:
            connection.sock.settimeout(CALL_S)
            connection.sock.connect(self._control)
            connection.request("POST", f"/call/{service}/{function}", json.dumps(arguments).encode())
            response = connection.getresponse()
            text = response.read()
        finally:
            connection.close()
        if response.status >= 300:
            raise errors.from_throw(text, service, function)
        if response.getheader("content-type") != "application/jsonl":
            return json.loads(text)
        return list(_items(text, service, function))

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

    def _wait(self, listeners, seconds):
        with self._changed:
            self._changed.wait_for(lambda: len(self.urls) >= listeners or self._has_ended, seconds)
            if len(self.urls) >= listeners:
                return
            has_ended = self._has_ended
        code = self.stop()
        how = f"ended with {code} before it listened" if has_ended else f"does not listen after {seconds} s"
        raise StartError(f"the server {how}. It wrote:\n\n{self.log}")

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


def _items(text, service, function):
    for line in text.splitlines():
        told = json.loads(line)
        if "error" in told:
            raise errors.from_throw(json.dumps(told["error"]), service, function)
        yield told["item"]


@contextlib.contextmanager
def serve(folder=".", *targets, listen=("127.0.0.1:0",), command=None, env=None, start_timeout=30.0):
    """Runs a whole server in a folder: of its `diglot.toml`, or of targets such as `"main:app"`.

        with serve("shop") as server:
            httpx.get(f"{server.url}/items")
            server.call("model.similar", item_id=3)

    It begins when all listeners listen, and ends with the block. `command` is the `diglot` to run: by default that of
    DIGLOT_BIN, or the one on the PATH. `start_timeout` is in seconds. Raises `StartError` where it cannot.
    """
    command = command or os.environ.get("DIGLOT_BIN") or shutil.which("diglot")
    if command is None:
        raise StartError("there is no diglot on the PATH: install it, or name it with DIGLOT_BIN")
    listeners = [part for address in listen for part in ("--listen", address)]
    with tempfile.TemporaryDirectory(prefix="diglot-", ignore_cleanup_errors=True) as place:
        control = os.path.join(place, "control.sock")
        process = subprocess.Popen(
            [command, "serve", *targets, *listeners, "--control", control],
            cwd=folder,
            env={**os.environ, **(env or {})},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            errors="replace",
        )
        server = Server(process, control)
        try:
            server._wait(len(listen), start_timeout)
            yield server
        finally:
            server.stop()
