"""Startup and shutdown of ASGI applications."""

import pytest
from front import DRAIN, FAILED, RESPONSE

LIFE = """
    import asyncio, contextvars, sys
    events = []
    variable = contextvars.ContextVar("variable")

    async def app(scope, receive, send):
        if scope["type"] == "lifespan":
            task = asyncio.current_task()
            assert scope["asgi"]["version"] == "3.0" and scope["asgi"]["spec_version"] == "2.0"
            scope["state"]["name"] = "shared"
            variable.set("of the lifespan")
            assert (await receive()) == {"type": "lifespan.startup"}
            events.append("startup")
            await send({"type": "lifespan.startup.complete"})
            assert (await receive()) == {"type": "lifespan.shutdown"}
            assert asyncio.current_task() is task
            events.append("shutdown")
            print(" ".join(events), flush=True)
            await send({"type": "lifespan.shutdown.complete"})
            return
        events.append(scope["path"])
        await send({"type": "http.response.start", "status": 200})
        if scope["path"] == "/slow":
            await send({"type": "http.response.body", "body": b"1", "more_body": True})
            await receive()
            assert (await receive())["type"] == "http.disconnect"
            events.append("left")
            return
        body = f"{scope['state']['name']} {variable.get()}".encode()
        await send({"type": "http.response.body", "body": body})
"""


@pytest.mark.parametrize("mode", ["auto", "on"])
def test_a_whole_life(worker, mode):
    front = worker(LIFE, lifespan=mode)
    assert front.request("GET", "/a").body == b"shared of the lifespan"
    assert front.drain() == 0
    assert front.outputs() == ("startup /a shutdown\n", "")


def test_shutdown_waits_for_what_is_in_flight(worker):
    front = worker(LIFE)
    stream = front.begin("GET", "/slow")
    assert front.frame_of(stream).kind == RESPONSE
    front.send(DRAIN)
    assert front.quiet()
    assert front.process.poll() is None
    front.send(0x09, stream, b"\x03")
    assert front.wait() == 0
    assert front.outputs() == ("startup /slow left shutdown\n", "")


def test_off(worker):
    front = worker("async def app(scope, receive, send):\n    assert scope['type'] != 'lifespan'", lifespan="off")
    assert front.drain() == 0


def test_an_application_without_lifespan(worker):
    source = """
        async def app(scope, receive, send):
            assert scope["type"] == "http"
            await send({"type": "http.response.start", "status": 200})
            await send({"type": "http.response.body", "body": repr(scope["state"]).encode()})
    """
    front = worker(source)
    assert front.request().body == b"{}"
    assert front.drain() == 0
    front = worker(source, lifespan="on", await_ready=False)
    front._exactly(16)
    failed = front.frame()
    assert failed.kind == FAILED
    assert b"lifespan failed" in failed.payload and b"AssertionError" in failed.payload
    assert b"_worker" not in failed.payload
    assert front.wait() == 1
    assert front.stderr() == ""


@pytest.mark.parametrize("mode", ["auto", "on"])
def test_a_failed_startup(worker, mode):
    front = worker(
        """
        async def app(scope, receive, send):
            await receive()
            await send({"type": "lifespan.startup.failed", "message": "no database"})
        """,
        lifespan=mode,
        await_ready=False,
    )
    front._exactly(16)
    failed = front.frame()
    assert failed.kind == FAILED
    assert failed.payload == b"the application's startup failed: no database"
    assert front.wait() == 1


def test_an_application_that_returns_from_its_lifespan(worker):
    front = worker("async def app(scope, receive, send):\n    await receive()")
    assert front.drain() == 0


def test_a_lifespan_that_fails_later(worker):
    front = worker(
        """
        async def app(scope, receive, send):
            await receive()
            await send({"type": "lifespan.startup.complete"})
            await receive()
            raise LookupError("at the end")
        """
    )
    assert front.drain() == 0
    assert "LookupError: at the end" in front.stderr()


def test_a_shutdown_that_is_told_and_raised_is_reported_once(worker):
    front = worker(
        """
        async def app(scope, receive, send):
            await receive()
            await send({"type": "lifespan.startup.complete"})
            await receive()
            await send({"type": "lifespan.shutdown.failed", "message": "Traceback: no disk"})
            raise LookupError("no disk")
        """
    )
    assert front.drain() == 0
    assert front.stderr() == "diglot: the application's shutdown failed: Traceback: no disk\n"


def test_what_runs_in_the_loop_ends_with_it(worker):
    front = worker(
        """
        import asyncio

        async def background():
            try:
                await asyncio.Event().wait()
            finally:
                print("cancelled", flush=True)

        async def app(scope, receive, send):
            await receive()
            scope["state"]["task"] = asyncio.create_task(background())
            await send({"type": "lifespan.startup.complete"})
            await receive()
            await send({"type": "lifespan.shutdown.complete"})
        """
    )
    assert front.drain() == 0
    assert front.outputs() == ("cancelled\n", "")


def test_the_server_ends_while_the_application_starts(worker):
    front = worker(
        """
        import asyncio

        async def app(scope, receive, send):
            print("starting", flush=True)
            await asyncio.Event().wait()
        """,
        await_ready=False,
    )
    assert front.process.stdout.readline() == b"starting\n"
    front.socket.close()
    assert front.wait() == 1


LOOP = """
    async def app(scope, receive, send):
        if scope["type"] == "lifespan":
            while True:
                message = await receive()
                if message["type"] == "lifespan.startup":
                    await send({"type": "lifespan.startup.OUTCOME"})
                elif message["type"] == "lifespan.shutdown":
                    await send({"type": "lifespan.shutdown.complete"})
        await send({"type": "http.response.start", "status": 200})
        await send({"type": "http.response.body", "body": b"x"})
"""


def test_a_lifespan_that_is_a_loop(worker):
    front = worker(LOOP.replace("OUTCOME", "complete"))
    assert front.request().body == b"x"
    assert front.drain() == 0
    assert front.outputs() == ("", "")


def test_a_lifespan_that_is_a_loop_and_fails(worker):
    front = worker(LOOP.replace("OUTCOME", "failed"), await_ready=False)
    front._exactly(16)
    failed = front.frame()
    assert failed.kind == FAILED and b"startup failed" in failed.payload
    assert front.wait() == 1


def test_an_application_cleans_up_after_its_shutdown(worker):
    front = worker(
        """
        import asyncio

        async def app(scope, receive, send):
            await receive()
            await send({"type": "lifespan.startup.complete"})
            await receive()
            await send({"type": "lifespan.shutdown.complete"})
            await asyncio.sleep(0.01)
            print("clean", flush=True)
        """
    )
    assert front.drain() == 0
    assert front.outputs() == ("clean\n", "")


def test_an_application_that_fails_in_its_startup_is_served_and_named(worker):
    front = worker(
        """
        async def app(scope, receive, send):
            if scope["type"] == "lifespan":
                await receive()
                raise LookupError("no database")
            await send({"type": "http.response.start", "status": 200})
            await send({"type": "http.response.body", "body": b"x"})
        """
    )
    assert front.request().body == b"x"
    assert front.drain() == 0
    said = "diglot: the application failed in its startup and is served all the same: LookupError: no database\n"
    assert front.stderr() == said


@pytest.mark.parametrize("loop", ["asyncio", "uvloop"])
@pytest.mark.parametrize("mode", ["auto", "on"])
@pytest.mark.parametrize("ending", ["sys.exit('no database')", "raise KeyboardInterrupt"])
def test_a_startup_that_ends_the_process_has_failed(worker, loop, mode, ending):
    source = f"""
        import sys

        async def app(scope, receive, send):
            await receive()
            {ending}
    """
    front = worker(source, lifespan=mode, loop=loop, await_ready=False)
    front._exactly(16)
    failed = front.frame()
    assert failed.kind == FAILED
    text = failed.payload.decode()
    assert "the application's startup ended the process" in text and ending in text
    assert front.wait() == 1
    assert front.outputs() == ("", "")


@pytest.mark.parametrize("loop", ["asyncio", "uvloop"])
def test_a_shutdown_that_ends_the_process_is_reported_once(worker, loop):
    source = """
        import sys

        async def app(scope, receive, send):
            await receive()
            await send({"type": "lifespan.startup.complete"})
            await receive()
            sys.exit("enough")
    """
    front = worker(source, loop=loop)
    assert front.drain() == 0
    stdout, stderr = front.outputs()
    assert stdout == ""
    assert stderr.count("SystemExit: enough") == stderr.count("Traceback") == 1
    assert "never retrieved" not in stderr
