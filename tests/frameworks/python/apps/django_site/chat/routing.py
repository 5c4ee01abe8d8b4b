"""Where the consumers are."""

from django.urls import path

from . import consumers

urlpatterns = [
    path("ws/room/<slug:room>/", consumers.Room.as_asgi()),
    path("ws/entries/", consumers.Entries.as_asgi()),
    path("ws/bytes/", consumers.Bytes.as_asgi()),
]
