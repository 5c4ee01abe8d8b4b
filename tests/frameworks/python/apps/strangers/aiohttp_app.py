"""An aiohttp application, which has a server of its own."""

from aiohttp import web


async def hello(request):
    return web.Response(text="hello")


app = web.Application()
app.add_routes([web.get("/", hello)])
