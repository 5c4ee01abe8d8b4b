"""`breakpoint()` in an application that is served from a terminal, and from none."""

import os
import pty
import re
import select
import signal
import subprocess
import threading
import time

import httpx
import pytest
from servers import binary

ASGI = """
async def app(scope, receive, send):
    if scope["type"] != "http":
        raise NotImplementedError
    answer = 41
    breakpoint()
    await send({"type": "http.response.start", "status": 200})
    await send({"type": "http.response.body", "body": b"%d" % answer})
"""

#: On a thread that is not the main one.
THREAD = """
import asyncio

def work():
    answer = 41
    breakpoint()
    return answer

async def app(scope, receive, send):
    if scope["type"] != "http":
        raise NotImplementedError
    answer = await asyncio.to_thread(work)
    await send({"type": "http.response.start", "status": 200})
    await send({"type": "http.response.body", "body": b"%d" % answer})
"""

WSGI = """
def app(environ, start_response):
    answer = 41
    breakpoint()
    start_response("200 OK", [])
    return [b"%d" % answer]
"""

#: The server would end a worker that stands still for longer.
HEARTBEAT = '[server]\nlisten = "127.0.0.1:0"\ntimeouts = { heartbeat = "3s" }\n[services.app]\nentry = "main:app"\n'


class Terminal:
    """What a person sees and types."""

    def __init__(self, fd):
        self.fd = fd
        self.seen = ""

    def wait_for(self, pattern, seconds=60):
        deadline = time.monotonic() + seconds
        while not (found := re.search(pattern, self.seen)):
            left = deadline - time.monotonic()
            assert left > 0, f"never: {pattern}\n{self.seen}"
            if select.select([self.fd], [], [], left)[0]:
                self.seen += os.read(self.fd, 65536).decode()
        self.seen = self.seen[found.end() :]
        return found

    def type(self, line):
        os.write(self.fd, line.encode() + b"\n")


@pytest.mark.diglot_only("uvicorn and gunicorn have the terminal as their own stdin")
@pytest.mark.parametrize("source", [ASGI, THREAD, WSGI], ids=["asgi", "thread", "wsgi"])
def test_on_a_terminal(tmp_path, source):
    (tmp_path / "main.py").write_text(source)
    (tmp_path / "diglot.toml").write_text(HEARTBEAT)
    command = [str(binary()), "serve"]
    pid, fd = pty.fork()
    if pid == 0:
        os.chdir(tmp_path)
        os.execv(command[0], command)
    terminal = Terminal(fd)
    try:
        url = terminal.wait_for(r"listening on (http://\S+)")[1]
        answers = []
        asking = threading.Thread(target=lambda: answers.append(httpx.get(url, timeout=60)))
        asking.start()
        terminal.wait_for(r"\(Pdb\) ")
        terminal.type("p answer")
        terminal.wait_for(r"41\r?\n\(Pdb\) ")
        # A person thinks for longer than a worker may stand still.
        time.sleep(4)
        terminal.type("answer = 42")
        terminal.wait_for(r"\(Pdb\) ")
        terminal.type("c")
        asking.join(60)
        assert (answers[0].status_code, answers[0].text) == (200, "42")
        # Ctrl-C is the server's again.
        os.write(fd, b"\x03")
        terminal.wait_for("stopping")
        assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
        pid = 0
    finally:
        if pid:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
        os.close(fd)


@pytest.mark.diglot_only("uvicorn and gunicorn have the terminal as their own stdin")
@pytest.mark.parametrize("source", [ASGI, WSGI], ids=["asgi", "wsgi"])
def test_two_workers_take_turns(tmp_path, source):
    source = source.replace("    answer = 41\n", '    answer = 41\n    print("at", os.getpid(), flush=True)\n')
    (tmp_path / "main.py").write_text("import os\n" + source)
    (tmp_path / "diglot.toml").write_text(HEARTBEAT + "workers = 2\n")
    command = [str(binary()), "serve"]
    pid, fd = pty.fork()
    if pid == 0:
        os.chdir(tmp_path)
        os.execv(command[0], command)
    terminal = Terminal(fd)
    try:
        url = terminal.wait_for(r"listening on (http://\S+)")[1]
        answers = []
        asking = [threading.Thread(target=lambda: answers.append(httpx.get(url, timeout=60))) for _ in range(2)]
        for thread in asking:
            thread.start()
        terminal.wait_for(r"(?s)\bat \d+.*\bat \d+")
        # The second waits for longer than a worker may stand still.
        time.sleep(4)
        terminal.type("p 'first', answer")
        terminal.wait_for(r"\('first', 41\)\r?\n\(Pdb\) $")
        terminal.type("c")
        terminal.wait_for(r"\(Pdb\) ")
        terminal.type("p 'second', answer")
        terminal.wait_for(r"\('second', 41\)\r?\n\(Pdb\) ")
        terminal.type("c")
        for thread in asking:
            thread.join(60)
        assert [(answer.status_code, answer.text) for answer in answers] == [(200, "41")] * 2
        os.write(fd, b"\x03")
        terminal.wait_for("stopping")
        assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
        pid = 0
    finally:
        if pid:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
        os.close(fd)


@pytest.mark.diglot_only("pdb without a terminal ends the request")
def test_without_a_terminal(tmp_path):
    (tmp_path / "main.py").write_text(ASGI)
    command = [str(binary()), "serve", "main:app", "--listen", "127.0.0.1:0"]
    options = {"cwd": tmp_path, "stderr": subprocess.PIPE, "text": True, "start_new_session": True}
    with subprocess.Popen(command, **options) as server:
        log = ""
        for line in server.stderr:
            log += line
            if found := re.search(r"listening on (http://\S+)", line):
                break
        assert httpx.get(found[1]).text == "41"
        server.terminate()
        log += server.stderr.read()
    assert "main.py:6 was passed over: the server has no terminal" in log
