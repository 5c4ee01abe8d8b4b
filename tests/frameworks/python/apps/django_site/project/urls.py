"""Where everything is."""

from django.contrib import admin
from django.urls import include, path

urlpatterns = [path("admin/", admin.site.urls), path("board/", include("board.urls"))]
handler404 = "board.views.not_found"
