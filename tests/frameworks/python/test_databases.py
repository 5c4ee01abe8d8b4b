"""Connections to databases over a restart under load: none is found broken, no work is lost, none is left behind."""

import signal
import subprocess
import sys
import threading

import httpx
import pytest
from postgres import PORT, USER, Postgres, binaries
from servers import APPS, App
from sites import ENTRIES, migrate

WORKERS = 2
CLIENTS = 4
#: Hits before the restart begins, and after it has ended.
HITS = 40


@pytest.fixture(scope="module")
def postgres():
    if binaries() is None:
        pytest.skip("PostgreSQL's programs are not installed: Debian has them in its package `postgresql`")
    postgres = Postgres()
    yield postgres
    postgres.stop()


class Load:
    """Clients that hit a counter, each as soon as it has the answer to the hit before."""

    def __init__(self, url):
        self.url = url
        self.hits = 0
        self.failures = []
        self._changed = threading.Condition()
        self._stopped = False
        self._threads = [threading.Thread(target=self._client) for _ in range(CLIENTS)]
        for thread in self._threads:
            thread.start()

    def _client(self):
        with httpx.Client(timeout=60) as client:
            while not self._stopped:
                try:
                    answer = client.post(self.url)
                    failure = None if answer.status_code == 200 else f"{answer.status_code}: {answer.text[:200]}"
                except httpx.HTTPError as error:
                    failure = repr(error)
                with self._changed:
                    if failure:
                        self.failures.append(failure)
                        self._stopped = True
                    else:
                        self.hits += 1
                    self._changed.notify_all()

    def more(self, count):
        """Waits for that many more hits."""
        with self._changed:
            goal = self.hits + count
            self._changed.wait_for(lambda: self.hits >= goal or self.failures, 60)
            assert self.failures == []
            assert self.hits >= goal, "the server has become slow"

    def stop(self):
        self._stopped = True
        for thread in self._threads:
            thread.join()


def restart_under_load(server, path):
    """Returns how many hits were answered."""
    before = server.workers()
    load = Load(server.url + path)
    try:
        load.more(HITS)
        server.signal(signal.SIGHUP)
        server.wait_for("every worker has been restarted")
        load.more(HITS)
    finally:
        load.stop()
    assert load.failures == []
    assert not set(before) & set(server.workers())
    return load.hits


def only_living_workers(postgres, database, server, most):
    """The database's connections are those of the new workers, and no more than their pools may have."""
    names = {f"worker {pid}" for pid in server.workers()}
    found = postgres.connections_until(database, lambda found: set(found) <= names)
    assert found != []
    assert len(found) <= WORKERS * most


def served(serve, folder, entry, interface, environment):
    wsgi = interface == "wsgi"
    # On SQLite with the validator in front, on PostgreSQL as it is: each would take its time for both.
    validated = wsgi and not any("postgres" in name.lower() + value for name, value in environment.items())
    threads = 4 if wsgi else None
    return serve(App(folder, entry, interface, validated, workers=WORKERS, threads=threads, environment=environment))


def sqlalchemy(serve, entry, interface, url):
    done = subprocess.run(
        [sys.executable, "-B", "storage.py"], cwd=APPS / "sqlalchemy_app", env={"DATABASE": url}, capture_output=True
    )
    assert done.returncode == 0, done.stderr.decode()
    return served(serve, "sqlalchemy_app", entry, interface, {"DATABASE": url})


@pytest.mark.diglot_only("no peer says when a restart is complete")
@pytest.mark.parametrize(("entry", "interface"), [("fastapi_app:app", "asgi"), ("flask_app:app", "wsgi")])
def test_sqlalchemy_on_sqlite(serve, tmp_path, entry, interface):
    server = sqlalchemy(serve, entry, interface, f"sqlite:///{tmp_path}/hits.sqlite3")
    hits = restart_under_load(server, "/hit/sync")
    with server.client() as client:
        assert int(client.get("/hits/sync").text) == hits


@pytest.mark.diglot_only("no peer says when a restart is complete")
@pytest.mark.parametrize(
    ("entry", "interface", "kind"),
    [("fastapi_app:app", "asgi", "sync"), ("fastapi_app:app", "asgi", "async"), ("flask_app:app", "wsgi", "sync")],
)
def test_sqlalchemy_on_postgresql(serve, postgres, entry, interface, kind):
    database = f"sqlalchemy_{interface}_{kind}"
    postgres.database(database)
    url = postgres.url(database).replace("postgresql:", "postgresql+psycopg:")
    server = sqlalchemy(serve, entry, interface, url)
    hits = restart_under_load(server, f"/hit/{kind}")
    with server.client() as client:
        assert int(client.get(f"/hits/{kind}").text) == hits
    # FastAPI's has an engine of either kind.
    only_living_workers(postgres, database, server, 6 if interface == "asgi" else 3)
    server.stop()
    postgres.connections_until(database, lambda found: found == [])


@pytest.mark.diglot_only("no peer says when a restart is complete")
@pytest.mark.parametrize("interface", ["wsgi", "asgi"])
def test_djangos_orm_on_sqlite(serve, tmp_path, interface):
    environment = {"DJANGO_SQLITE": str(tmp_path / "hits.sqlite3")}
    django(serve, tmp_path, interface, environment)


@pytest.mark.diglot_only("no peer says when a restart is complete")
@pytest.mark.parametrize(
    ("interface", "pooled"),
    # Django says that connections must not be kept under ASGI, where no thread has a second request of its own.
    [("wsgi", False), ("wsgi", True), ("asgi", True)],
    ids=["wsgi-kept", "wsgi-pooled", "asgi-pooled"],
)
def test_djangos_orm_on_postgresql(serve, tmp_path, postgres, interface, pooled):
    database = f"django_{interface}_{'pooled' if pooled else 'kept'}"
    postgres.database(database)
    environment = {"DJANGO_POSTGRES": f"{postgres.folder} {PORT} {USER} {database}"}
    if pooled:
        environment["DJANGO_POOL"] = "1"
    server = django(serve, tmp_path, interface, environment)
    only_living_workers(postgres, database, server, 3 if pooled else 4)
    server.stop()
    postgres.connections_until(database, lambda found: found == [])


def django(serve, folder, interface, environment):
    # WhiteNoise looks through the folder of static files, which is not to change meanwhile.
    static = folder / "static"
    static.mkdir()
    environment = {**environment, "DJANGO_STATIC_ROOT": str(static)}
    migrate(**environment)
    server = served(serve, "django_site", ENTRIES[interface], interface, environment)
    with server.client() as client:
        page = client.get("/board/new/")
        token = page.text.split('name="csrfmiddlewaretoken" value="')[1].split('"')[0]
        assert client.post("/board/new/", data={"title": "hits", "csrfmiddlewaretoken": token}).status_code == 302
        hits = restart_under_load(server, "/board/hit/1/")
        assert client.post("/board/hit/1/").json()["hits"] == hits + 1
    return server
