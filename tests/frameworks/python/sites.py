"""The Django project, made ready to be served: its tables, its administrator and its static files."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from servers import APPS, App

ADMINISTRATOR = {"username": "anna", "password": "right and long"}
ENTRIES = {
    "asgi": "project.asgi:application",
    "wsgi": "project.wsgi:application",
    "channels": "project.channels:application",
}


def manage(*arguments, **environment):
    """Runs `manage.py`, and fails with what it says."""
    done = subprocess.run(
        [sys.executable, "-B", "manage.py", *arguments],
        cwd=APPS / "django_site",
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def migrate(**database):
    """Makes the tables and the administrator in a database."""
    manage("migrate", "--verbosity=0", **database)
    manage(
        "createsuperuser",
        "--noinput",
        "--email=anna@shop.example",
        f"--username={ADMINISTRATOR['username']}",
        DJANGO_SUPERUSER_PASSWORD=ADMINISTRATOR["password"],
        **database,
    )


class Sites:
    """Projects on SQLite, each with a database of its own."""

    def __init__(self, folder):
        self._folder = Path(folder)
        self._made = 0
        migrate(DJANGO_SQLITE=str(self._folder / "empty.sqlite3"))
        manage("collectstatic", "--noinput", "--verbosity=0", DJANGO_STATIC_ROOT=str(self._folder / "static"))

    def app(self, kind, environment=(), **options):
        """The project as an application of a kind of `ENTRIES`."""
        self._made += 1
        database = self._folder / f"{self._made}.sqlite3"
        shutil.copy(self._folder / "empty.sqlite3", database)
        paths = {"DJANGO_SQLITE": str(database), "DJANGO_STATIC_ROOT": str(self._folder / "static")}
        interface = "wsgi" if kind == "wsgi" else "asgi"
        return App("django_site", ENTRIES[kind], interface, environment={**paths, **dict(environment)}, **options)
