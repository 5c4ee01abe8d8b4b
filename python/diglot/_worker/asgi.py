"""Serving an ASGI application: one event loop, which the link's frames drive."""

import asyncio
import inspect
import platform
import sys

from . import debugger, lifespan, loops, process, sessions


def serve(native, options, app, loop, calls):
    """Serves until the server says to end; then exits by returning, or by `sys.exit(1)` if the start failed.

    Without an application (None) there are only the functions of `calls`.
    """
    state = {}
    functions_only = app is None
    if functions_only:
        app = _no_application
    if calls is not None:
        calls.run_in(loop)
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
            "expired": lambda: calls is None or calls.expire(),
            "ended": process.link_ended,
        },
    )
    process.after_fork(link.fileno())
    watch = sessions.Watch(link)
    debugger.install(link.breathe)
    life = lifespan.Lifespan(app, "off" if functions_only else options.lifespan, state)
    if calls is not None:
        calls.follow(link.follow_calls)
    try:
        _run(loop, loop.create_task(_live(link, life, loop, drained, calls, functions_only)), link)
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


async def _live(link, life, loop, drained, calls, functions_only):
    # A server that ends while the application starts is noticed too.
    loop.add_reader(link.fileno(), link.on_readable)
    await life.start()
    runtime = f"{platform.python_implementation()} {platform.python_version()}, {loops.describe(loop)}"
    # The reader runs in a copy of this context, and each request's Task in a copy of that.
    if calls is not None:
        problem = life.context.run(calls.offer)
        if problem is not None:
            raise lifespan.Failed(problem)
    life.context.run(link.ready, runtime, functions_only)  # takes the reader's place
    await drained
    if calls is not None:
        await calls.finished()
    await life.stop()


async def _no_application(scope, receive, send):
    raise RuntimeError("this service has functions and no application, so the server sends it no requests")


def _as_coroutine_function(app):
    """The application as something whose call runs none of its code: that is to run inside of its Task."""
    if inspect.iscoroutinefunction(app) or inspect.iscoroutinefunction(type(app).__call__):
        return app

    async def application(scope, receive, send):
        await app(scope, receive, send)

    return application
