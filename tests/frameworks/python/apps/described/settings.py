"""Django's settings, for Ninja's project and for the one of Django REST framework."""

from pathlib import Path

SECRET_KEY = "for tests"
# Of a deployment: the server asks by a name which is not among them, and then by the one its client has named.
ALLOWED_HOSTS = ["127.0.0.1"]
ROOT_URLCONF = "ninja_urls"
WSGI_APPLICATION = "django_wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": Path("/nowhere/at/all")}}
INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "rest_framework",
    "rest_framework.authtoken",
    "drf_spectacular",
    "library",
]
MIDDLEWARE = ["django.middleware.security.SecurityMiddleware", "django.middleware.common.CommonMiddleware"]
REST_FRAMEWORK = {
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "DEFAULT_PAGINATION_CLASS": "rest_framework.pagination.PageNumberPagination",
    "DEFAULT_AUTHENTICATION_CLASSES": ["rest_framework.authentication.TokenAuthentication"],
    "PAGE_SIZE": 10,
}
SPECTACULAR_SETTINGS = {"TITLE": "Library", "VERSION": "3.0.0"}
