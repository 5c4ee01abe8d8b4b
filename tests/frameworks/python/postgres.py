"""A PostgreSQL of the tests' own: a private cluster in a temporary folder, reached by a Unix socket."""

import os
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from pathlib import Path

import psycopg

PATIENCE_S = 60
USER = "tests"
PORT = 5432


def binaries():
    """The newest installed PostgreSQL's folder of programs, or None."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    on_path = shutil.which("initdb")
    return found[-1].parent if found else Path(on_path).parent if on_path else None


class Postgres:
    """A running cluster. It refuses to run as root, so it is then the packages' own user's."""

    def __init__(self):
        programs = binaries()
        # Sockets have short names, so the folder does too.
        self.folder = Path(tempfile.mkdtemp(prefix="diglot-pg-", dir="/tmp"))
        owner = {"user": "postgres", "group": "postgres"} if os.geteuid() == 0 else {}
        if owner:
            shutil.chown(self.folder, **owner)
        data = self.folder / "data"
        environment = {"PATH": os.environ["PATH"], "LC_ALL": "C", "TZ": "UTC"}
        common = {"cwd": self.folder, "env": environment, "stdin": subprocess.DEVNULL, **owner}
        try:
            made = subprocess.run(
                [programs / "initdb", "-D", data, "-U", USER, "--auth=trust", "--encoding=UTF8", "--no-sync"],
                capture_output=True,
                text=True,
                **common,
            )
            assert made.returncode == 0, made.stderr
            settings = {
                "listen_addresses": "",
                "unix_socket_directories": self.folder,
                "port": PORT,
                "fsync": "off",
                "max_connections": 60,
            }
            options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
            self.process = subprocess.Popen(
                [programs / "postgres", "-D", data, *options], stderr=subprocess.PIPE, start_new_session=True, **common
            )
        except BaseException:
            shutil.rmtree(self.folder, ignore_errors=True)
            raise
        self._log = []
        self._ready = threading.Event()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        assert self._ready.wait(PATIENCE_S) and self.process.poll() is None, b"".join(self._log).decode()

    def _read(self):
        for line in self.process.stderr:
            self._log.append(line)
            if b"ready to accept connections" in line:
                self._ready.set()
        self._ready.set()

    def database(self, name):
        """Makes an empty database."""
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(f'create database "{name}"')

    def url(self, name):
        return f"postgresql://{USER}@/{name}?host={self.folder}&port={PORT}"

    def connections(self, name):
        """Who is connected to a database, by the names they give themselves."""
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            rows = connection.execute("select application_name from pg_stat_activity where datname = %s", [name])
            return sorted(row[0] for row in rows)

    def connections_until(self, name, is_it):
        """The same, once `is_it(connections)`: a process's connections end a moment after the process."""
        deadline = time.monotonic() + PATIENCE_S
        while not is_it(found := self.connections(name)):
            assert time.monotonic() < deadline, f"connected to {name} are {found}"
        return found

    def stop(self):
        self.process.send_signal(signal.SIGINT)
        try:
            self.process.wait(PATIENCE_S)
        finally:
            self.process.kill()
            self.process.wait()
            self._reader.join(PATIENCE_S)
            self.process.stderr.close()
            shutil.rmtree(self.folder, ignore_errors=True)
