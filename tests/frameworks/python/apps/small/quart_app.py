"""Quart: hooks, sessions, an upload, a stream with context, events, a background task, templates."""

import asyncio

from quart import (
    Quart,
    abort,
    flash,
    g,
    get_flashed_messages,
    redirect,
    render_template_string,
    request,
    session,
    url_for,
    websocket,
)
from quart.helpers import stream_with_context

app = Quart(__name__)
app.secret_key = "for tests"
done = asyncio.Event()


@app.before_serving
async def start():
    app.started = True


@app.while_serving
async def serving():
    app.lifespan = "open"
    yield
    print("Quart has stopped serving", flush=True)


@app.before_request
async def begin():
    g.mine = request.args.get("mine")


@app.after_request
async def mark(response):
    response.headers["X-After"] = "1"
    return response


@app.get("/items/<int:number>")
async def item(number):
    return {"number": number, "mine": g.mine, "started": app.started, "lifespan": app.lifespan}


@app.post("/login")
async def login():
    session["name"] = (await request.form)["name"]
    await flash("welcome")
    return redirect(url_for("home"))


@app.get("/home")
async def home():
    return {"name": session.get("name"), "flashed": get_flashed_messages()}


@app.post("/upload")
async def upload():
    file = (await request.files)["file"]
    return {"name": file.filename, "bytes": len(file.read())}


@app.post("/raw")
async def raw():
    total = 0
    async for part in request.body:
        total += len(part)
    return {"bytes": total}


@app.get("/stream")
async def stream():
    @stream_with_context
    async def parts():
        for number in range(1000):
            yield f"{request.args['name']} {number}\n".encode()

    return parts(), {"Content-Type": "text/plain"}


@app.get("/page")
async def page():
    return await render_template_string("<b>{{ name }}</b>", name="<i>")


@app.get("/background")
async def background():
    async def later():
        done.set()

    app.add_background_task(later)
    return {"queued": True}


@app.get("/done")
async def is_done():
    await asyncio.wait_for(done.wait(), 30)
    return {"done": True}


@app.websocket("/ws/<name>")
async def talk(name):
    if name == "refused":
        abort(401)
    await websocket.accept(headers={"X-Accepted": "1"}, subprotocol="two")
    await websocket.send_json({"name": name, "session": session.get("name"), "asked": websocket.requested_subprotocols})
    while True:
        message = await websocket.receive()
        if message == "close":
            await websocket.close(4004, "as asked")
            return
        await websocket.send(message)


@app.get("/fails")
async def fails():
    raise LookupError("provoked in Quart")


@app.errorhandler(404)
async def not_found(error):
    return f"nothing at {request.path}", 404
