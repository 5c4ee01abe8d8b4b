"""`breakpoint()` in an application: its debugger talks to the terminal of the server.

A worker's stdin is empty and its stdout is the server's log, so the debugger opens the terminal itself. The worker's
process group is not the one the terminal listens to: it is while the debugger waits for a command, and Ctrl-C is the
debugger's then. Two debuggers take turns: whoever has the terminal holds a lock on it until it is the server's again.
"""

import contextlib
import fcntl
import os
import pdb
import signal
import sys
import threading

#: How often the server is told that the worker lives though its event loop stands still.
BREATH_SECONDS = 2

_turn = threading.local()


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
        with self._breathing(), self._alone(), self._in_the_foreground():
            super().interaction(*args, **options)

    @contextlib.contextmanager
    def _alone(self):
        """Waits until no other debugger has the terminal; a process that ends lets go of it."""
        if getattr(_turn, "is_ours", False):
            yield  # a breakpoint in what was called from the prompt of another
            return
        lock = _open_to_lock()
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            _turn.is_ours = True
            yield
        finally:
            _turn.is_ours = False
            os.close(lock)

    @contextlib.contextmanager
    def _in_the_foreground(self):
        foreground = None
        with contextlib.suppress(OSError):
            foreground = _alive(os.tcgetpgrp(self.terminal))
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


def _open_to_lock():
    # A lock on /dev/tty would be one for all terminals of the machine.
    with contextlib.suppress(OSError, ValueError):
        with open("/proc/self/stat") as file:
            number = int(file.read().rpartition(")")[2].split()[4])
        for entry in os.scandir("/dev/pts"):
            if entry.stat().st_rdev == number:
                return os.open(entry.path, os.O_RDONLY | os.O_NOCTTY | os.O_CLOEXEC)
    return os.open("/dev/tty", os.O_RDONLY | os.O_NOCTTY | os.O_CLOEXEC)


def _alive(group):
    """The group, or the server's if that of a debugger has ended with the terminal in its hands."""
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return os.getpgid(os.getppid())
    except PermissionError:
        pass
    return group


def _put_in_front(terminal, group):
    # Who is not in the foreground is stopped for changing it, unless the thread blocks the signal.
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTTOU})
    try:
        os.tcsetpgrp(terminal, group)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
