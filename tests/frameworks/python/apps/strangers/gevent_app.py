"""A Flask application as gevent's users write it: patched before anything else is imported."""

from gevent import monkey

monkey.patch_all()

import queue  # noqa: E402 - the patch comes first
import subprocess  # noqa: E402
import threading  # noqa: E402
import time  # noqa: E402

from flask import Flask, Response, request  # noqa: E402

app = Flask(__name__)


@app.get("/slow")
def slow():
    time.sleep(0.2)
    return threading.current_thread().name


@app.get("/program")
def program():
    return subprocess.check_output(["echo", "said"])


@app.get("/thread")
def in_a_thread():
    answers = queue.Queue()
    thread = threading.Thread(target=lambda: (time.sleep(0.01), answers.put("answered")))
    thread.start()
    thread.join()
    return answers.get(timeout=60)


@app.post("/upload")
def upload():
    return str(len(request.get_data()))


@app.get("/stream")
def stream():
    def parts():
        for number in range(3):
            time.sleep(0.01)
            yield f"{number}\n"

    return Response(parts())
