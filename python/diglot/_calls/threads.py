"""The threads that sync functions run on."""

import collections
import queue
import sys
import threading

#: Calls of one depth that run at a time. Those beyond wait; threads are started when they are needed.
THREADS_MAX = 32


class Pool:
    """Runs what it is given on threads: so many of each depth at a time.

    A function that calls another, and waits, keeps its thread. Were there one bound for all, functions that call back
    into the service could take every thread there is, and all wait for one.
    """

    def __init__(self, threads_max=THREADS_MAX):
        self._jobs = queue.SimpleQueue()
        self._threads_max = threads_max
        self._lock = threading.Lock()
        self._levels = {}
        self._threads = 0
        #: Jobs handed to threads and not done: one for each thread at most.
        self._running = 0

    def submit(self, job, depth=1):
        """Has a thread call `job()`, which raises nothing."""
        with self._lock:
            level = self._levels.get(depth)
            if level is None:
                level = self._levels[depth] = _Level()
            if level.running == self._threads_max:
                level.waiting.append(job)
                return
            level.running += 1
            self._running += 1
            is_short = self._running > self._threads
            if is_short:
                self._threads += 1
        if is_short:
            self._start_one(level)
        self._jobs.put((job, level))

    def _start_one(self, level):
        try:
            _start(self._work, f"diglot-function-{self._threads}")
        except BaseException:  # there are as many as the system allows
            with self._lock:
                level.running -= 1
                self._running -= 1
                self._threads -= 1
            raise

    def _work(self):
        while True:
            job, level = self._jobs.get()
            while job is not None:
                job()
                job, stays = self._next(level)
            del level
            if not stays:
                return

    def _next(self, level):
        """What a thread does next that has done a job: another that has waited, or None. And whether it stays."""
        with self._lock:
            if level.waiting:
                return level.waiting.popleft(), True
            level.running -= 1
            self._running -= 1
            stays = self._threads - self._running <= self._threads_max
            if not stays:
                self._threads -= 1
            return None, stays


class _Level:
    """Calls of one depth."""

    def __init__(self):
        self.running = 0
        self.waiting = collections.deque()


def _start(target, name):
    process = sys.modules.get("_diglot_worker.process")
    if process is not None:
        process.start_thread(target, name)
    else:
        threading.Thread(target=target, name=name, daemon=True).start()
