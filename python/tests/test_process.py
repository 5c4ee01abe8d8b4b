"""The worker as a process: its environment, its path, its end."""

import json
import os
import select
import signal
import sys
import textwrap

import pytest
from front import DRAIN, FAILED, PING, PONG

ANSWER = """
    import json, os, sys
    {imports}

    def app(environ, start_response):
        body = json.dumps({value}).encode()
        start_response("200 OK", [])
        return [body]
"""
BOTH = ["asgi", "wsgi"]


def answer(value, imports=""):
    return ANSWER.format(value=value, imports=imports)


def hello(interface):
    if interface == "wsgi":
        return answer("'hello'")
    return """
    async def app(scope, receive, send):
        await send({"type": "http.response.start", "status": 200})
        await send({"type": "http.response.body", "body": b'"hello"'})
    """


@pytest.mark.parametrize("interface", BOTH)
def test_it_ends_with_its_link(worker, interface):
    front = worker(hello(interface))
    assert front.request().body == b'"hello"'
    front.socket.close()
    assert front.wait() != 0


@pytest.mark.parametrize("interface", BOTH)
def test_it_ends_when_the_front_talks_nonsense(worker, interface):
    front = worker(hello(interface))
    front.socket.sendall(b"\xff" * 64)
    assert front.wait() == 1
    assert "the link to the server broke: " in front.stderr()


@pytest.mark.parametrize("interface", BOTH)
def test_drain(worker, interface):
    front = worker(hello(interface))
    assert front.request().body == b'"hello"'
    assert front.drain() == 0


@pytest.mark.parametrize("interface", BOTH)
def test_ping(worker, interface):
    front = worker(hello(interface))
    front.send(PING, 0, b"12345678")
    pong = front.frame()
    assert (pong.kind, pong.payload) == (PONG, b"12345678")


@pytest.mark.parametrize("interface", BOTH)
def test_many_requests_in_one_read_and_frames_split_anywhere(worker, interface):
    front = worker(hello(interface))
    front.open(1)
    sent = []
    front.socket, real = type("Recorder", (), {"sendall": staticmethod(sent.append)}), front.socket
    streams = [front.begin("GET", f"/{number}") for number in range(200)]
    front.socket = real
    data = b"".join(sent)
    real.sendall(data[: len(data) // 2 + 5])
    for stream in streams[:90]:
        assert front.response(stream).body == b'"hello"'
    for at in range(len(data) // 2 + 5, len(data), 999):
        real.sendall(data[at : at + 999])
    for stream in streams[90:]:
        assert front.response(stream).body == b'"hello"'


def test_the_environment_is_the_service_s(worker):
    value = "[key for key in os.environ if key in ('DIGLOT_LINK', 'DIGLOT_WORKER')]"
    assert json.loads(worker(answer(value)).request().body) == []


def test_the_link_is_not_inherited(worker):
    program = "import os; print(sorted(os.listdir('/proc/self/fd'))[:-1])"
    value = f"subprocess.check_output([sys.executable, '-c', {program!r}], close_fds=False).decode()"
    front = worker(answer(value, "import subprocess"))
    assert json.loads(front.request().body) == "['0', '1', '2']\n"


@pytest.mark.parametrize("interface", BOTH)
def test_a_forked_child_does_not_hold_the_link(worker, interface):
    fork = """
    import os, time
    pid = os.fork()
    if pid == 0:
        time.sleep(60)
        os._exit(0)
"""
    if interface == "wsgi":
        source = (
            "def app(environ, start_response):\n"
            + fork
            + "    start_response('200 OK', [])\n    return [str(pid).encode()]"
        )
    else:
        source = (
            "async def app(scope, receive, send):\n"
            + fork
            + "    await send({'type': 'http.response.start', 'status': 200})\n"
            + "    await send({'type': 'http.response.body', 'body': str(pid).encode()})"
        )
    front = worker(source, lifespan="off", environment={"PYTHONWARNINGS": "ignore"})
    response = front.request()
    assert response.status == 200, os.read(front.process.stderr.fileno(), 65536).decode()
    child = int(response.body)
    try:
        front.process.kill()
        assert front.socket.recv(1) == b""
    finally:
        os.kill(child, signal.SIGKILL)


FORKING = """
import multiprocessing, os, signal, sys, time

def ends():
    time.sleep(60)

def work(path):
    if path == "/exit":
        pid = os.fork()
        if pid == 0:
            sys.exit(3)
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    if path == "/terminate":
        # At once, so that some are terminated before they run a line of Python.
        children = [multiprocessing.get_context("fork").Process(target=ends) for _ in range(10)]
        for child in children:
            child.start()
            child.terminate()
        return [child.join(20) or child.exitcode for child in children]
    if path == "/mask":
        return [list(signal.pthread_sigmask(signal.SIG_BLOCK, ())), callable(signal.getsignal(signal.SIGTERM))]
    return os.getpid()
"""
SERVING = {
    "wsgi": """
def app(environ, start_response):
    body = repr(work(environ["PATH_INFO"])).encode()
    start_response("200 OK", [])
    return [body]
""",
    "asgi": """
async def app(scope, receive, send):
    body = repr(work(scope["path"])).encode()
    await send({"type": "http.response.start", "status": 200})
    await send({"type": "http.response.body", "body": body})
""",
    "asgi-suspended": """
import asyncio
async def app(scope, receive, send):
    await asyncio.sleep(0.001)
    body = repr(work(scope["path"])).encode()
    await send({"type": "http.response.start", "status": 200})
    await send({"type": "http.response.body", "body": body})
""",
}
#: From 3.12 on Python warns of forks in a process with threads, which a WSGI worker is.
FORKS_QUIETLY = {"PYTHONWARNINGS": "ignore"}


@pytest.mark.parametrize("loop", ["asyncio", "uvloop"])
@pytest.mark.parametrize("app", SERVING)
def test_exit_in_a_forked_child(worker, app, loop):
    front = worker(FORKING + SERVING[app], lifespan="off", loop=loop, environment=FORKS_QUIETLY)
    for _ in range(2):
        assert front.request("GET", "/exit").body == b"3"
    assert front.request().body == str(front.process.pid).encode()
    assert front.drain() == 0
    assert "diglot: " not in front.stderr()


@pytest.mark.parametrize("app", ["wsgi", "asgi"])
def test_sigterm_ends_a_forked_child(worker, app):
    front = worker(FORKING + SERVING[app], lifespan="off", environment=FORKS_QUIETLY)
    assert front.request("GET", "/terminate").body == repr([-signal.SIGTERM] * 10).encode()
    assert front.request("GET", "/mask").body == b"[[], True]"


@pytest.mark.parametrize("app", ["wsgi", "asgi"])
def test_sigterm_ends_a_program_that_the_application_runs(worker, app):
    run = """
import subprocess, sys

def work(path):
    child = subprocess.Popen([sys.executable, "-c", "import time; print(1, flush=True); time.sleep(60)"], stdout=-1)
    with child:
        child.stdout.readline()
        child.terminate()
        return child.wait()
"""
    front = worker(run + SERVING[app], lifespan="off")
    assert front.request().body == str(-signal.SIGTERM).encode()


@pytest.mark.parametrize("app", SERVING)
def test_sigterm_is_left_to_the_server(worker, app):
    front = worker(FORKING + SERVING[app], lifespan="off")
    for _ in range(2):
        front.process.send_signal(signal.SIGTERM)
        assert front.request().body == str(front.process.pid).encode()
    front.process.send_signal(signal.SIGTERM)
    assert front.drain() == 0


@pytest.mark.parametrize("app", SERVING)
def test_an_application_s_own_handler_of_sigterm(worker, app):
    own = """
seen = []
before = signal.signal(signal.SIGTERM, lambda number, frame: (seen.append(number), before(number, frame)))

def work(path):
    if path == "/fork":
        pid = os.fork()
        if pid == 0:
            seen.clear()
            os.kill(os.getpid(), signal.SIGTERM)
            os._exit(len(seen))
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    return seen
"""
    front = worker(FORKING + own + SERVING[app], lifespan="off", environment=FORKS_QUIETLY)
    assert front.request().body == b"[]"
    front.process.send_signal(signal.SIGTERM)
    front.send(PING, 0, b"12345678")
    assert front.frame().kind == PONG
    assert front.request().body == b"[15]"
    assert front.request("GET", "/fork").body == b"1"
    assert front.drain() == 0


def test_multiprocessing(worker):
    source = """
        import multiprocessing

        def double(number):
            return number * 2

        def app(environ, start_response):
            with multiprocessing.get_context("spawn").Pool(1) as pool:
                body = repr(pool.map(double, [1, 2])).encode()
            start_response("200 OK", [])
            return [body]
    """
    assert worker(source).request().body == b"[2, 4]"


def test_atexit_and_logging(worker):
    front = worker(
        answer("logging.getLogger().warning('logged')", "import atexit, logging; atexit.register(print, 'at exit')")
    )
    assert front.request().status == 200
    assert front.drain() == 0
    assert front.outputs() == ("at exit\n", "logged\n")


@pytest.mark.parametrize("interface", BOTH)
def test_a_line_of_stdout_leaves_at_once(worker, interface):
    source = "print('imported')\n" + textwrap.dedent(hello(interface)).replace(
        "    await", "    print('asked')\n    await", 1
    )
    source = source.replace("    body =", "    print('asked')\n    body =", 1)
    # An empty value is none.
    front = worker(source, lifespan="off", environment={"PYTHONUNBUFFERED": ""})
    assert front.process.stdout.readline() == b"imported\n"
    assert front.request().body == b'"hello"'
    assert front.process.stdout.readline() == b"asked\n"
    assert front.process.poll() is None


@pytest.mark.parametrize("stdout", ["None", "object()", "__import__('io').StringIO()"])
def test_another_stdout_is_left_alone(worker, stdout):
    files = {"site/sitecustomize.py": f"import sys; sys.stdout = {stdout}"}
    front = worker(hello("wsgi"), files=files.items(), environment={"PYTHONPATH": "site"})
    assert front.request().body == b'"hello"'


def test_the_path(worker, tmp_path):
    front = worker(
        answer("[sys.path[0], sys.path[-1], sys.path[1], __name__]"), environment={"PYTHONPATH": "/some/where"}
    )
    first, last, second, name = json.loads(front.request().body)
    assert first == str(tmp_path)
    assert last == str(front.process.args[1]).rpartition("/")[0]
    assert second == "/some/where"
    assert name == "main"


def test_the_sdk_shadows_nothing(worker):
    files = {"diglot.py": "mine = True", "diglot_worker.py": "mine = True", "loops.py": "mine = True"}
    front = worker(
        answer("[diglot.mine, diglot_worker.mine, loops.mine]", "import diglot, diglot_worker, loops"),
        files=files.items(),
    )
    assert json.loads(front.request().body) == [True] * 3


def test_the_sdk_is_found(worker):
    front = worker(answer("diglot.__doc__", "import diglot"))
    assert json.loads(front.request().body).startswith("Diglot's package for Python services")


def test_wsgi_signals_reach_the_application(worker):
    front = worker(
        answer("list(seen)", "import signal; seen = []; signal.signal(signal.SIGUSR1, lambda *_: seen.append(1))")
    )
    assert json.loads(front.request().body) == []
    front.process.send_signal(signal.SIGUSR1)
    front.send(PING, 0, b"12345678")
    assert front.frame().kind == PONG
    assert json.loads(front.request().body) == [1]


IDLE_MAIN_THREAD = """
    import os, signal, threading

    main = threading.main_thread()
    signal.signal(signal.SIGUSR1, lambda *_: os.write(told, str(threading.current_thread() is main).encode()))
    told = os.open("told", os.O_WRONLY)
    go = threading.Event()

    def app(environ, start_response):
        if environ["PATH_INFO"] == "/wait":
            go.wait()
        go.set()
        start_response("200 OK", [])
        return [str(threading.current_thread() is main).encode()]
"""


def test_wsgi_signals_reach_an_idle_main_thread(worker, tmp_path):
    os.mkfifo(tmp_path / "told")
    told = os.open(tmp_path / "told", os.O_RDONLY | os.O_NONBLOCK)
    front = worker(IDLE_MAIN_THREAD, threads=2)
    # The other thread reads the link once the main one is kept in a request, and goes on with it.
    waiting = front.begin("GET", "/wait")
    assert front.request().body == b"False"
    assert front.response(waiting).body == b"True"
    front.process.send_signal(signal.SIGUSR1)
    assert select.select([told], [], [], 10)[0]
    assert os.read(told, 16) == b"True"
    os.close(told)
    assert front.drain() == 0


THREADS = """
    import os, threading

    go = threading.Event()

    def app(environ, start_response):
        if environ["PATH_INFO"] == "/wait":
            go.wait()
        go.set()
        threading.Thread(target=finish, name="mine").start()
        start_response("200 OK", [])
        return [str(threading.current_thread() is threading.main_thread()).encode()]

    def finish():
        open("release").close()
        os.write(1, b"done\\n")
"""


def test_wsgi_threads_of_handlers_are_waited_for(worker, tmp_path):
    os.mkfifo(tmp_path / "release")
    front = worker(THREADS, threads=2)
    waiting = front.begin("GET", "/wait")
    assert front.request().body == b"False"
    assert front.response(waiting).body == b"True"
    front.send(DRAIN)
    assert '"mine", "mine"' in front.process.stderr.readline().decode()
    # Opened both ways, it waits for nobody.
    release = os.open(tmp_path / "release", os.O_RDWR)
    assert front.wait() == 0
    os.close(release)
    assert front.outputs() == ("done\n" * 2, "")


@pytest.mark.parametrize("interface", BOTH)
def test_threads_that_keep_a_worker_are_named(worker, tmp_path, interface):
    os.mkfifo(tmp_path / "go")
    begin = "import threading\nthreading.Thread(target=lambda: open('go').close(), name='mine').start()\n"
    front = worker(begin + textwrap.dedent(hello(interface)))
    front.send(DRAIN)
    line = front.process.stderr.readline().decode()
    assert "waits for threads the application has started" in line and '"mine"' in line
    with open(tmp_path / "go", "w"):
        assert front.wait() == 0


def failure(front):
    front._exactly(16)
    failed = front.frame()
    assert failed.kind == FAILED
    assert front.wait() == 1
    assert front.stderr() == ""
    return failed.payload.decode()


@pytest.mark.parametrize(
    ("source", "entry", "expect"),
    [
        (
            "import helper",
            {"module": "main"},
            "main could not be imported\nTraceback (most recent call last):\n"
            '  File "{root}/main.py", line 1, in <module>\n    import helper\n'
            '  File "{root}/helper.py", line 2, in <module>\n    1 / 0\n',
        ),
        ("import helper", {"module": "main"}, "ZeroDivisionError: division by zero\nlook first at helper.py:2"),
        (
            "import nothere",
            {"module": "main"},
            "\nlook first at main.py:1",
        ),
        (
            "from written import Kard",
            {"module": "main"},
            "\nwritten.py has the names that types had when `diglot types` wrote it: run that again, and import",
        ),
        ("def app(:\n    pass", {"module": "main"}, "look first at main.py:1"),
        ("raise SystemExit(3)", {"module": "main"}, "SystemExit: 3"),
        ("", {"module": "nothere"}, 'there is no module "nothere" in {root} nor in the environment of '),
        ("", {"module": "main.nothere"}, 'there is no module "main.nothere"'),
        ("", {"module": "main"}, 'main has neither "app" nor "application"'),
        (
            "application = 7",
            {"module": "main", "attr": "applicaton"},
            'main has no "applicaton": did you mean "application"?',
        ),
        ("app = 7", {"module": "main"}, "main:app is an int, which is neither an ASGI nor a WSGI application"),
        ("def app(): pass", {"module": "main", "attr": "app"}, "main:app takes no argument: ASGI takes 3"),
        ("def app(): pass", {"module": "main", "attr": "app"}, 'if it is a factory, write "main:app()"'),
        (
            "def app(): 1 / 0",
            {"module": "main", "attr": "app", "call": True},
            "the factory main:app() failed\nTraceback",
        ),
        ("def app(scope): pass", {"module": "main"}, "ASGI 2"),
        ("def app(*args): pass", {"module": "main"}, 'say interface = "asgi" or "wsgi"'),
        ("class app:\n    def __init__(self, a, b, c): pass", {"module": "main"}, "is a class, not an application"),
        ("async def app(): pass", {"module": "main", "attr": "app", "call": True}, "async factory"),
    ],
)
def test_an_application_that_cannot_be_loaded(worker, tmp_path, source, entry, expect):
    entry = {"attr": None, "call": False, **entry}
    files = {"helper.py": "\n1 / 0", "written.py": "# Written by `diglot types`. Do not edit.\n"}
    text = failure(worker(source, entry=entry, files=files.items(), await_ready=False))
    if sys.version_info >= (3, 13) and "^" in text:
        text = "\n".join(line for line in text.splitlines() if set(line) - set(" ^~"))
    text = "\n".join(line for line in text.splitlines() if not line.strip() or set(line) - set(" ^~"))
    assert expect.format(root=tmp_path) in text
    assert "_worker" not in text and "importlib" not in text


def test_a_loop_that_is_not_there(worker):
    front = worker(
        "async def app(scope, receive, send): pass",
        loop="uvloop",
        await_ready=False,
        environment={"PYTHONPATH": ""},
        files={"uvloop.py": "raise ImportError('not for this test')"}.items(),
    )
    front._exactly(16)
    frame = front.frame()
    assert frame.kind == FAILED and b'loop = "uvloop"' in frame.payload


@pytest.mark.parametrize(
    ("entry", "files"),
    [
        ({"module": "main"}, {}),
        ({"module": "main", "attr": "app"}, {}),
        ({"module": "main", "attr": "make", "call": True}, {}),
        ({"module": "main", "attr": "holder.app"}, {}),
        ({"file": "{root}/main.py"}, {}),
        (
            {"file": "{root}/api/main.py", "attr": "app"},
            {"api/main.py": "import beside\nfrom beside import app", "api/beside.py": "{app}"},
        ),
        (
            {"file": "{root}/pkg/sub/app.py"},
            {
                "pkg/__init__.py": "",
                "pkg/sub/__init__.py": "",
                "pkg/sub/app.py": "from .. import x\nfrom . import y\nfrom .y import app",
                "pkg/x.py": "",
                "pkg/sub/y.py": "{app}",
            },
        ),
        ({"module": "pkg.mod"}, {"pkg/mod.py": "{app}"}),
        ({"file": "{root}/my-app.py"}, {"my-app.py": "{app}"}),
        ({"file": "{root}/json.py"}, {"json.py": "{app}"}),
    ],
)
def test_forms_of_entries(worker, tmp_path, entry, files):
    app = (
        "def app(environ, start_response):\n    start_response('200 OK', [])\n    return [b'it']\n"
        "def make():\n    return app\n"
        "class holder:\n    app = app\n"
    )
    entry = {"attr": None, "call": False, **entry}
    if "file" in entry:
        entry["file"] = entry["file"].format(root=tmp_path)
    files = {name: text.replace("{app}", app) for name, text in files.items()}
    assert worker(app, entry=entry, files=files.items()).request().body == b"it"


AWKWARD = """
    import sys
    sys.setrecursionlimit(200)  # a long chain would else be more text than a pipe holds

    def failing(kind):
        if kind == "/attribute":
            error = LookupError("in the app")
            error.exceptions = 5
            return error
        if kind == "/unprintable":
            class Unprintable(LookupError):
                @property
                def __cause__(self):
                    raise RuntimeError("not to be asked")
            return Unprintable("in the app")
        error = LookupError("in the app")
        for _ in range(220):
            outer = LookupError("outer")
            outer.__cause__ = error
            error = outer
        return error

    {app}
        raise failing({path})
"""


@pytest.mark.parametrize("interface", BOTH)
@pytest.mark.parametrize("path", ["/attribute", "/unprintable", "/long"])
def test_an_error_that_is_hard_to_show_harms_nobody(worker, interface, path):
    app, name = {
        "asgi": ("async def app(scope, receive, send):", "scope['path']"),
        "wsgi": ("def app(environ, start_response):", "environ['PATH_INFO']"),
    }[interface]
    front = worker(AWKWARD.format(app=app, path=name), lifespan="off")
    for _ in range(2):
        assert front.request("GET", path).status == 500
    assert front.drain() == 0
    assert front.stderr().count(f"diglot: GET {path}: the application failed: sent 500\n") == 2
    assert front.stderr().count({"/unprintable": "Unprintable", "/long": "LookupError"}.get(path, "in the app")) >= 2
    assert "_worker" not in front.stderr()


@pytest.mark.parametrize("interface", BOTH)
def test_a_stderr_that_fails_harms_nobody(worker, interface):
    before = """
    import sys

    class Broken:
        def write(self, text):
            raise LookupError(text)

        def flush(self):
            pass

    sys.stderr = Broken()
    """
    app = {
        "asgi": "async def app(scope, receive, send):",
        "wsgi": "def app(environ, start_response):",
    }[interface]
    front = worker(before + app + "\n        raise LookupError", lifespan="off")
    for _ in range(2):
        assert front.request().status == 500
    assert front.drain() == 0
