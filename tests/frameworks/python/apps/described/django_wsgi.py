"""The project of Django REST framework, as `startproject` writes it, with its own URLs."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "rest_settings")
application = get_wsgi_application()
