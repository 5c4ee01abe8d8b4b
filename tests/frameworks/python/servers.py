"""The server under test as a process, and its peers: started for one application, watched through what they print.

Every test can be run against the server that the application's authors test with (`--server peer`): what holds there
has to hold under Diglot.
"""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import websockets.sync.client

HERE = Path(__file__).parent
APPS = HERE / "apps"
#: Holds `validated.py`, the validator in front of a WSGI application.
TOOLS = HERE / "tools"
ROOT = HERE.parents[2]

#: How long a test waits for anything before it fails: far above what is normal on a busy machine.
PATIENCE_S = 60
#: What a log line has that reports something nobody expected.
TROUBLE = re.compile(r"Error\b|Exception\b|Warning\b|Traceback|garbage collected without being closed")


@dataclass
class App:
    """An application and how it is to be run."""

    folder: str
    entry: str
    interface: str
    """`"asgi"` or `"wsgi"`: which peer runs it."""
    validated: bool = False
    """`wsgiref.validate` stands between the server and the application."""
    mount: str = ""
    """The prefix the application is mounted at, without a slash at its end."""
    workers: int = 1
    threads: int | None = None
    environment: dict = field(default_factory=dict)
    expected: tuple = ()
    """Parts of the lines that report the failures its tests provoke. Any other report fails the tests."""
    options: dict = field(default_factory=dict)
    """More keys of the service in `diglot.toml`."""
    server: dict = field(default_factory=dict)
    """Keys of `[server]` there."""
    beside: dict = field(default_factory=dict)
    """Other services, by name, with their keys."""


class NeverListened(AssertionError):
    """The server ended, or time ran out, before it listened."""


class Server:
    """A running server. `url` is the application's, without a slash at its end."""

    def __init__(self, app, kind):
        self.app = app
        self.kind = kind
        self.folder = Path(tempfile.mkdtemp(prefix="diglot-frameworks-"))
        self.url = ""
        self._lines = []
        self._ended = False
        self._changed = threading.Condition()
        environment = {
            name: value
            for name, value in os.environ.items()
            if name not in ("PORT", "VIRTUAL_ENV", "PYTHONPATH", "PYTHONWARNINGS", "WEB_CONCURRENCY")
        }
        environment |= {"PYTHONDONTWRITEBYTECODE": "1", "PYTHONUNBUFFERED": "1", **app.environment}
        entry = app.entry
        if app.validated:
            environment |= {"PYTHONPATH": str(TOOLS), "VALIDATED": entry}
            entry = "validated:app"
        self.environment = environment
        command, listening = getattr(self, f"_{kind}")(entry, environment)
        self.process = subprocess.Popen(
            command,
            cwd=APPS / app.folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            # A signal to the tests is not one to the server: they end it themselves.
            start_new_session=True,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        try:
            found = re.search(listening, self.wait_for(listening))
            self.origin = f"http://127.0.0.1:{found[1]}"
            self.url = self.origin + ("" if kind == "uvicorn" else app.mount)
        except BaseException:
            self.kill()
            raise

    def _diglot(self, entry, environment):
        app = self.app
        service = {
            "root": str(APPS / app.folder),
            "entry": entry,
            "venv": sys.prefix,
            "routes": app.mount or "/",
            "strip": bool(app.mount),
            "workers": app.workers,
            **({"threads": app.threads} if app.threads else {}),
            **app.options,
        }
        services = {"app": service, **app.beside}
        tables = {"server": {"listen": "127.0.0.1:0", **app.server}}
        tables |= {f"services.{name}": keys for name, keys in services.items()}
        text = "\n".join(
            f"[{table}]\n" + "".join(f"{key} = {_toml(value)}\n" for key, value in keys.items())
            for table, keys in tables.items()
        )
        config = self.folder / "diglot.toml"
        config.write_text(text)
        return [str(binary()), "serve", "--config", str(config)], r"^diglot: listening on http://127\.0\.0\.1:(\d+)$"

    def _uvicorn(self, entry, environment):
        command = [sys.executable, "-m", "uvicorn", entry, "--port", "0", "--no-access-log"]
        command += ["--workers", str(self.app.workers)] if self.app.workers > 1 else []
        # uvicorn stands behind a proxy that has cut the prefix off already.
        command += ["--root-path", self.app.mount] if self.app.mount else []
        return command, r"Uvicorn running on http://127\.0\.0\.1:(\d+)"

    def _gunicorn(self, entry, environment):
        app = self.app
        command = [sys.executable, "-m", "gunicorn", entry, "--bind", "127.0.0.1:0", "--no-control-socket"]
        command += ["--workers", str(app.workers), "--threads", str(app.threads or 8)]
        if app.mount:
            environment["SCRIPT_NAME"] = app.mount
        return command, r"Listening at: http://127\.0\.0\.1:(\d+)"

    def _read(self):
        for line in self.process.stdout:
            with self._changed:
                self._lines.append(line.decode("utf-8", "replace").rstrip("\n"))
                self._changed.notify_all()
        with self._changed:
            self._ended = True
            self._changed.notify_all()

    @property
    def log(self):
        """Its output so far, stdout and stderr."""
        with self._changed:
            return "\n".join(self._lines)

    def wait_for(self, pattern, times=1):
        """Waits for that many lines of the log that match; returns the last of them."""
        found = []

        def come():
            found[:] = [line for line in self._lines if re.search(pattern, line)]
            return len(found) >= times or self._ended

        with self._changed:
            self._changed.wait_for(come, PATIENCE_S)
            if len(found) < times:
                raise NeverListened(f"no line with {pattern!r} came. The log:\n" + "\n".join(self._lines))
        return found[times - 1]

    def client(self, **options):
        """A client of the application, for paths that begin with a slash."""
        return httpx.Client(base_url=self.url, timeout=PATIENCE_S, **options)

    def connect(self, path, **headers):
        """A socket that has sent a GET request and reads nothing: for clients that leave."""
        host, port = self.origin.removeprefix("http://").split(":")
        head = [f"GET {self.url.removeprefix(self.origin)}{path} HTTP/1.1", f"Host: {host}:{port}"]
        head += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        connection = socket.create_connection((host, int(port)), PATIENCE_S)
        connection.sendall("\r\n".join([*head, "", ""]).encode())
        return connection

    def websocket(self, path, **options):
        """A WebSocket of the application; permessage-deflate is offered unless the options say otherwise."""
        url = self.url.replace("http:", "ws:", 1) + path
        return websockets.sync.client.connect(url, open_timeout=PATIENCE_S, close_timeout=PATIENCE_S, **options)

    def handshake(self, path, **headers):
        """The response to a WebSocket's handshake, whatever it is."""
        headers |= {
            "connection": "Upgrade",
            "upgrade": "websocket",
            "sec-websocket-version": "13",
            "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
        }
        with httpx.stream("GET", self.url + path, headers=headers, timeout=PATIENCE_S) as response:
            if response.status_code != httpx.codes.SWITCHING_PROTOCOLS:
                response.read()
            return response

    def signal(self, number):
        self.process.send_signal(number)

    def workers(self):
        """The processes it has started."""
        children = Path(f"/proc/{self.process.pid}/task").glob("*/children")
        return sorted(int(pid) for file in children for pid in file.read_text().split())

    def stop(self):
        """Asks it to end, and judges how it did and what it has logged."""
        self.signal(signal.SIGTERM)
        self.judge()

    def judge(self):
        """Waits until it has ended, as it was asked to, and judges how it did and what it has logged."""
        try:
            code = self.process.wait(PATIENCE_S)
        finally:
            self.kill()
        log = self.log
        assert code in (0, -signal.SIGTERM if self.kind == "uvicorn" else 0), f"exit code {code}. The log:\n{log}"
        unexpected = [line for line in log.splitlines() if TROUBLE.search(line)]
        # The second is how gunicorn begins each report.
        expected = (*self.app.expected, "Error handling request")
        unexpected = [line for line in unexpected if not any(part in line for part in expected)]
        assert unexpected == [], f"the log has {unexpected}, which no test provoked:\n{log}"

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self._reader.join(PATIENCE_S)
        self.process.stdout.close()
        shutil.rmtree(self.folder, ignore_errors=True)


def binary():
    """The command under test: named by `DIGLOT_BIN`, else the newest that cargo has built."""
    if named := os.environ.get("DIGLOT_BIN"):
        return Path(named)
    built = [ROOT / "target" / profile / "diglot" for profile in ("release", "debug")]
    built = [path for path in built if path.is_file()]
    assert built, "`cargo build --release` makes the server's binary, or DIGLOT_BIN names it"
    return max(built, key=lambda path: path.stat().st_mtime)


def _toml(value):
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int):
        return str(value)
    if isinstance(value, list):
        return "[" + ", ".join(_toml(item) for item in value) + "]"
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {_toml(item)}" for key, item in value.items()) + " }"
    return '"' + str(value).replace("\\", "\\\\").replace('"', '\\"') + '"'
