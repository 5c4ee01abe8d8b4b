"""What concerns the whole process: its end, its forks, and SIGTERM."""

import _thread
import os
import signal
import sys
import threading

from . import errors

#: Seconds a process that is done waits for threads before it names them.
NAMED_AFTER_S = 2
#: How the names of our own threads begin, which nobody waits for.
OWN_THREADS = "diglot-"
#: Of how many threads a message gives the names.
THREADS_NAMED_MAX = 5

# Python's own, taken before the application can put others in their place.
_start_new_thread = _thread.start_new_thread
_allocate_lock = _thread.allocate_lock
_is_forked_child = False
_masks = threading.local()


def link_ended(reason):
    """The server is gone, or what it sent makes no sense: nothing this process does can reach anyone."""
    if reason is not None:
        errors.report(f"the link to the server broke: {reason}")
    _end(1)


def _end(code):
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError, AttributeError):
            pass  # their reader is gone as well
    os._exit(code)


def after_fork(link_fd):
    """Keeps forked children of the application off the link, which would else outlive the worker in them."""

    def close():
        global _is_forked_child
        _is_forked_child = True
        null = os.open(os.devnull, os.O_RDWR)
        os.dup2(null, link_fd, inheritable=False)
        os.close(null)

    os.register_at_fork(after_in_child=close)


def is_forked_child():
    """True in a child that the application has forked, which serves nothing."""
    return _is_forked_child


def report(message, exception=None):
    """As `errors.report()`; but `sys.exit()` in a forked child ends that child, as it would outside of a handler."""
    if _is_forked_child and isinstance(exception, SystemExit):
        raise exception
    errors.report(message, exception)


def greenlets():
    """The package that has put greenlets in the place of Python's threads, or None."""
    if _thread.start_new_thread is _start_new_thread:
        return None
    return _thread.start_new_thread.__module__.partition(".")[0]


def start_thread(target, name):
    """Starts a thread that the process need not wait for, and returns what waits for its end.

    It is a thread of the system's also where gevent or eventlet have put greenlets in the place of Python's threads: a
    loop of theirs does not go on while one of its greenlets waits in native code.
    """
    done = _allocate_lock()
    done.acquire()

    def run():
        if greenlets() is None:
            # What the application starts from here is waited for at the end, as what it starts from the main thread.
            threading.current_thread()._daemonic = False
        try:
            target()
        except SystemExit as error:
            if not _is_forked_child:
                raise
            # This thread is all that is left of its parent, and would end the child as if all were well.
            if error.code is not None and not isinstance(error.code, int):
                errors.report(str(error.code))
            _end(error.code if isinstance(error.code, int) else int(error.code is not None))
        finally:
            done.release()

    if greenlets() is None:
        threading.Thread(target=run, name=name, daemon=True).start()
    else:
        _start_new_thread(run, ())
    return done.acquire


def name_what_keeps_it():
    """The process is about to end. Says which of the application's threads it waits for, if it does so for long."""
    if greenlets() is None and _of_the_application():
        timer = threading.Timer(NAMED_AFTER_S, _name_threads)
        timer.daemon = True
        timer.start()


def _of_the_application():
    others = set(threading.enumerate()) - {threading.main_thread()}
    return sorted(thread.name for thread in others if not thread.daemon and not thread.name.startswith(OWN_THREADS))


def _name_threads():
    names = _of_the_application()
    if names:
        shown = ", ".join(f'"{name}"' for name in names[:THREADS_NAMED_MAX])
        errors.report(
            f"this worker is done, and waits for threads the application has started: {shown}. They keep it until the"
            " grace period is over; end them in the application's shutdown, or start them with daemon=True"
        )


def leave_sigterm_to_the_server():
    """Has SIGTERM end nothing: who stops a whole service sends it to every process at once, as systemd does, and the
    server, which got it too, lets this one finish what it has. The application may set a handler of its own.

    It is a handler in Python, as servers written in Python have one: it is gone after exec, where SIG_IGN would stay.
    What is forked without exec gets the default back: `multiprocessing.Process.terminate()` has to do what it says.
    """
    signal.signal(signal.SIGTERM, _on_sigterm)
    # Until the child has the default back the signal waits: it may come as soon as the parent knows the child.
    os.register_at_fork(before=_hold_sigterm, after_in_parent=_release_sigterm, after_in_child=_restore_sigterm)


def _on_sigterm(_number, _frame):
    pass


def _hold_sigterm():
    _masks.before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})


def _release_sigterm():
    signal.pthread_sigmask(signal.SIG_SETMASK, _masks.before)


def _restore_sigterm():
    if signal.getsignal(signal.SIGTERM) is _on_sigterm:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
    _release_sigterm()
