"""From settings to a running application, and what is said when that fails."""

import os
import sys

from . import calls, entry, process, settings


def run(sdk):
    """Loads the application and serves it until the server says to end."""
    process.leave_sigterm_to_the_server()
    options = settings.Settings.take()
    os.set_inheritable(options.link_fd, False)
    own_calls = calls.take(options)
    native = settings.load_native(options.native)
    settings.arrange_path(options.root, sdk)
    if options.written is not None:
        from . import written

        written.know_all_names(options.written)
    _write_lines_at_once()
    event_loop = None
    if options.interface != "wsgi":
        from . import loops

        try:
            event_loop = loops.new(options.loop, native)
            if own_calls is not None:
                own_calls.run_in(event_loop)
        except loops.Unavailable as unavailable:
            give_up(native, options.link_fd, str(unavailable))
    try:
        app, interface = entry.load(options.entry, options.interface, own_calls)
    except entry.LoadError as error:
        give_up(native, options.link_fd, str(error))
    if interface in ("asgi", "functions"):
        from . import asgi

        asgi.serve(native, options, app, event_loop, own_calls)
        process.name_what_keeps_it()
    else:
        from . import wsgi

        try:
            wsgi.serve(native, options, app, own_calls)
        except wsgi.Unsuitable as unsuitable:
            give_up(native, options.link_fd, str(unsuitable))
        finally:
            # Not before: what the application made when it was imported, and `asyncio.get_event_loop()` in a view on
            # the main thread, have this loop.
            if event_loop is not None and not process.is_forked_child():
                loops.close(event_loop)
        process.name_what_keeps_it()


def _write_lines_at_once():
    """Has stdout leave with each line, as on a terminal: it is a pipe to the server's log, where Python would keep
    what is printed until 8 KiB are there, and lose it with a process that is killed.
    """
    try:
        sys.stdout.reconfigure(line_buffering=True)
    except (AttributeError, OSError, ValueError):
        pass  # something else was put in its place, which does as it likes


def give_up(native, link_fd, reason):
    """Ends the worker; the server prints `reason`, so nothing is printed here."""
    sys.stdout.flush()
    native.fail(link_fd, reason)
    sys.exit(1)
