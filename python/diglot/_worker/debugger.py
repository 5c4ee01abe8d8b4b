"""`breakpoint()` in an application: its debugger talks to the terminal of the server.

A worker's stdin is empty and its stdout is the server's log, so the debugger opens the terminal itself. The worker's
process group is not the one the terminal listens to: it is while the debugger waits for a command, and Ctrl-C is the
debugger's then.
"""

import contextlib
import os
import pdb
import signal
import sys
import threading

#: How often the server is told that the worker lives though its event loop stands still.
BREATH_SECONDS = 2


def install(breathe):
    """Has `breakpoint()` use the server's terminal, unless PYTHONBREAKPOINT names another debugger.

    `breathe` is called now and then while the debugger waits; it may be called by any thread.
    """

    def hook(*args, **options):
        if os.environ.get("PYTHONBREAKPOINT") not in (None, "", "pdb.set_trace"):
            return sys.__breakpointhook__(*args, **options)
        frame = sys._getframe(1)
        try:
            terminal = os.open("/dev/tty", os.O_RDWR | os.O_CLOEXEC)
        except OSError:
            place = f"{frame.f_code.co_filename}:{frame.f_lineno}"
            print(f"breakpoint() at {place} was passed over: the server has no terminal", file=sys.stderr, flush=True)
            return None
        return _Debugger(terminal, breathe).set_trace(frame)

    sys.breakpointhook = hook


class _Debugger(pdb.Pdb):
    def __init__(self, terminal, breathe):
        reader = os.fdopen(terminal, "r")
        super().__init__(stdin=reader, stdout=os.fdopen(os.dup(terminal), "w"), nosigint=True)
        self.terminal = terminal
        self.breathe = breathe

    def interaction(self, *args, **options):
        with self._in_the_foreground(), self._breathing():
            super().interaction(*args, **options)

    @contextlib.contextmanager
    def _in_the_foreground(self):
        foreground = None
        with contextlib.suppress(OSError):
            foreground = os.tcgetpgrp(self.terminal)
            _put_in_front(self.terminal, os.getpgrp())
        try:
            yield
        finally:
            if foreground is not None:
                with contextlib.suppress(OSError):
                    _put_in_front(self.terminal, foreground)

    @contextlib.contextmanager
    def _breathing(self):
        done = threading.Event()

        def breathe():
            while not done.wait(BREATH_SECONDS):
                self.breathe()

        thread = threading.Thread(target=breathe, name="diglot-debugger", daemon=True)
        thread.start()
        try:
            yield
        finally:
            done.set()
            thread.join()


def _put_in_front(terminal, group):
    # Who is not in the foreground is stopped for changing it, unless the thread blocks the signal.
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTTOU})
    try:
        os.tcsetpgrp(terminal, group)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
