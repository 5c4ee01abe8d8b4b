"""The same settings with other URLs."""

from settings import *  # noqa: F403

ROOT_URLCONF = "rest_urls"
