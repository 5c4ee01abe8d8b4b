"""Consumers of Channels: a room by a group, synchronous code on threads, refusals."""

import os

from asgiref.sync import async_to_sync
from board.models import Entry
from channels.generic.websocket import AsyncJsonWebsocketConsumer, JsonWebsocketConsumer, WebsocketConsumer


class Room(AsyncJsonWebsocketConsumer):
    """Says to all in the room what one of them says."""

    async def connect(self):
        self.room = self.scope["url_route"]["kwargs"]["room"]
        await self.channel_layer.group_add(self.room, self.channel_name)
        await self.accept()
        await self.send_json({"user": self.scope["user"].get_username(), "path": self.scope["path"]})

    async def disconnect(self, code):
        await self.channel_layer.group_discard(self.room, self.channel_name)
        await self.channel_layer.group_send(self.room, {"type": "room.left", "code": code})

    async def receive_json(self, content):
        await self.channel_layer.group_send(self.room, {"type": "room.said", "text": content["text"]})

    async def room_said(self, event):
        await self.send_json({"said": event["text"], "worker": os.getpid()})

    async def room_left(self, event):
        await self.send_json({"left": event["code"]})


class Entries(JsonWebsocketConsumer):
    """Synchronous: Channels runs it on a thread, with the ORM and a session."""

    groups = ("entries",)

    def connect(self):
        if self.scope["user"].is_anonymous:
            self.close()
            return
        self.accept("two" if "two" in self.scope["subprotocols"] else None)

    def receive_json(self, content):
        entry = Entry.objects.create(title=content["title"])
        async_to_sync(self.channel_layer.group_send)("entries", {"type": "entry.made", "pk": entry.pk})

    def entry_made(self, event):
        self.send_json({"made": Entry.objects.get(pk=event["pk"]).title})


class Bytes(WebsocketConsumer):
    """Sends back what it gets, and closes when it is asked to."""

    def receive(self, text_data=None, bytes_data=None):
        if text_data == "close":
            self.close(4003, "as asked")
        elif text_data == "fail":
            raise LookupError("provoked in Channels")
        else:
            self.send(text_data, bytes_data)
