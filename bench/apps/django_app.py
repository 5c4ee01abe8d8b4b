"""The Django rows: a view that returns JSON, on WSGI and on ASGI.

Settings are the least that serve, and the middleware is what `django-admin startproject` writes, less those parts
that need an app and a database: sessions, users and messages.
"""

import django
from django.conf import settings
from django.core.asgi import get_asgi_application
from django.core.wsgi import get_wsgi_application
from django.http import JsonResponse
from django.urls import path

settings.configure(
    ALLOWED_HOSTS=["127.0.0.1"],
    ROOT_URLCONF=__name__,
    SECRET_KEY="nothing is signed",
    MIDDLEWARE=[
        "django.middleware.security.SecurityMiddleware",
        "django.middleware.common.CommonMiddleware",
        "django.middleware.csrf.CsrfViewMiddleware",
        "django.middleware.clickjacking.XFrameOptionsMiddleware",
    ],
)
django.setup()


def root(request):
    return JsonResponse({"message": "Hello World"})


async def root_async(request):
    return JsonResponse({"message": "Hello World"})


# A view of each kind, as on each interface one would write it: the other kind costs a thread a request.
urlpatterns = [path("", root), path("async", root_async)]

wsgi = get_wsgi_application()
asgi = get_asgi_application()
