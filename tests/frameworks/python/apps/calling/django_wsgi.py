"""As `startproject` writes it, but for the import of the package: Django's views are loaded in the first request."""

import os

from django.core.wsgi import get_wsgi_application

import diglot  # noqa: F401

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "settings")
application = get_wsgi_application()
