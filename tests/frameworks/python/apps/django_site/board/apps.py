"""A board of entries."""

from django.apps import AppConfig


class BoardConfig(AppConfig):
    name = "board"
