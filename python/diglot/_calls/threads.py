"""The threads that sync functions run on."""

import queue
import sys
import threading

#: Threads a worker has at most for functions. Calls beyond them wait; started when they are needed.
THREADS_MAX = 32


class Pool:
    def __init__(self, threads_max=THREADS_MAX):
        self._jobs = queue.SimpleQueue()
        self._threads_max = threads_max
        self._threads = 0
        self._idle = 0

    def submit(self, job):
        """Has a thread call `job()`, which raises nothing. Only the loop's thread submits."""
        self._jobs.put(job)
        if self._idle < self._jobs.qsize() and self._threads < self._threads_max:
            self._threads += 1
            _start(self._work, f"diglot-function-{self._threads}")

    def _work(self):
        while True:
            self._idle += 1
            job = self._jobs.get()
            self._idle -= 1
            job()
            del job


def _start(target, name):
    process = sys.modules.get("_diglot_worker.process")
    if process is not None:
        process.start_thread(target, name)
    else:
        threading.Thread(target=target, name=name, daemon=True).start()
