"""A Sanic application: it has a server of its own, and speaks ASGI as well."""

from sanic import Sanic, response

app = Sanic("Stranger")


@app.before_server_start
async def start(app):
    app.ctx.started = True


@app.get("/")
async def hello(request):
    return response.json({"started": request.app.ctx.started, "scheme": request.scheme, "ip": request.ip})


@app.post("/upload")
async def upload(request):
    return response.json({"bytes": len(request.files["file"][0].body)})


@app.get("/stream")
async def stream(request):
    answer = await request.respond(content_type="text/plain")
    for number in range(3):
        await answer.send(f"{number}\n")
    await answer.eof()


@app.websocket("/ws")
async def talk(request, ws):
    while (message := await ws.recv()) is not None:
        await ws.send(message)
