"""Serving an ASGI application: one event loop, which the link's frames drive."""

import asyncio
import inspect
import platform
import sys

from . import debugger, lifespan, loops, process, sessions


def serve(native, options, app, loop):
    """Serves until the server says to end; then exits by returning, or by `sys.exit(1)` if the start failed."""
    state = {}
    drained = loop.create_future()
    link = native.AsgiLink(
        options.link_fd,
        {
            "loop": loop,
            "app": _as_coroutine_function(app),
            "task_type": asyncio.Task,
            "has_eager_start": sys.version_info >= (3, 12),
            "spec_version": options.asgi_spec,
            "pathsend": options.pathsend,
            "state": state,
            "report": process.report,
            "draining": lambda: watch.end_polling(),
            "drained": lambda: drained.done() or drained.set_result(None),
            "ended": process.link_ended,
        },
    )
    process.after_fork(link.fileno())
    watch = sessions.Watch(link)
    debugger.install(link.breathe)
    life = lifespan.Lifespan(app, options.lifespan, state)
    try:
        _run(loop, loop.create_task(_live(link, life, loop, drained)), link)
    except lifespan.Failed as failed:
        link.failed(str(failed))
        sys.exit(1)
    finally:
        if not process.is_forked_child():  # whose loop watches what its parent's does, and would take it from there
            loops.close(loop)
    link.flush_blocking()


def _run(loop, life, link):
    """Runs the loop until `life` is done, past each `sys.exit()` in a handler, which fails one request only.

    asyncio lets go of the loop for it, wherever it was raised. The request's Task has it as well, and the link answers.
    """
    while True:
        try:
            return loop.run_until_complete(life)
        except SystemExit as error:
            if process.is_forked_child() or life.done() or not link.is_of_request(error):
                raise


async def _live(link, life, loop, drained):
    # A server that ends while the application starts is noticed too.
    loop.add_reader(link.fileno(), link.on_readable)
    await life.start()
    runtime = f"{platform.python_implementation()} {platform.python_version()}, {loops.describe(loop)}"
    # The reader runs in a copy of this context, and each request's Task in a copy of that.
    life.context.run(link.ready, runtime)  # takes the reader's place
    await drained
    await life.stop()


def _as_coroutine_function(app):
    """The application as something whose call runs none of its code: that is to run inside of its Task."""
    if inspect.iscoroutinefunction(app) or inspect.iscoroutinefunction(type(app).__call__):
        return app

    async def application(scope, receive, send):
        await app(scope, receive, send)

    return application
