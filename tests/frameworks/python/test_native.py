"""Native packages: NumPy, PyTorch and OpenCV in workers. Several hundred megabytes to install, so not in every run.

pip install -r native.txt && python -m pytest test_native.py
"""

import signal
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from servers import App

for package in ("numpy", "torch", "cv2"):
    pytest.importorskip(package, reason="`pip install -r native.txt` installs it")

EXPECT = {
    "/numpy": {"trace": 83332.833},
    "/torch": {"shape": [32, 10]},
    "/opencv": {"same": True, "red": 255},
}


@pytest.mark.parametrize("entry", ["main:app", "wsgi:app"], ids=["asgi", "wsgi"])
def test_many_at_once_and_over_a_restart(serve, entry):
    interface = "asgi" if entry == "main:app" else "wsgi"
    server = serve(App("native_app", entry, interface, workers=2))

    def ask(number):
        path = list(EXPECT)[number % 3]
        answer = httpx.get(f"{server.url}{path}{'?thread' if number % 2 else ''}", timeout=120)
        assert answer.status_code == 200
        assert answer.json() | EXPECT[path] == answer.json()
        return answer.json().get("best")

    with ThreadPoolExecutor(16) as pool:
        before = set(pool.map(ask, range(300)))
        if server.kind == "diglot":
            server.process.send_signal(signal.SIGHUP)
        after = set(pool.map(ask, range(300)))
    # The model is the same in every worker.
    assert before == after and len(before) == 2
