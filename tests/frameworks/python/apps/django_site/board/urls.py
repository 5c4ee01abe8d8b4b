"""The board's pages."""

from django.urls import path

from . import views

app_name = "board"
urlpatterns = [
    path("", views.index, name="index"),
    path("new/", views.new, name="new"),
    path("entry/<int:pk>/", views.Detail.as_view(), name="entry"),
    path("members/", views.members, name="members"),
    path("session/", views.session, name="session"),
    path("upload/", views.upload, name="upload"),
    path("raw/", views.raw, name="raw"),
    path("where/", views.where, name="where"),
    path("stream/", views.stream, name="stream"),
    path("stream/async/", views.stream_async, name="stream-async"),
    path("events/", views.events, name="events"),
    path("left/", views.left, name="left"),
    path("file/", views.file, name="file"),
    path("hit/<int:pk>/", views.hit, name="hit"),
    path("async/", views.async_view, name="async"),
    path("async/<str:title>/", views.async_orm, name="async-orm"),
    path("fails/", views.fails, name="fails"),
]
