"""Middleware for both kinds of handlers, as Django's documentation has it."""

from asgiref.sync import iscoroutinefunction
from django.utils.decorators import sync_and_async_middleware


@sync_and_async_middleware
def Both(get_response):
    if iscoroutinefunction(get_response):

        async def middleware(request):
            response = await get_response(request)
            response["X-Middleware"] = "async"
            return response
    else:

        def middleware(request):
            response = get_response(request)
            response["X-Middleware"] = "sync"
            return response

    return middleware
