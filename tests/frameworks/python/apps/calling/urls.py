import views
from django.urls import path

urlpatterns = [
    path("awaited/cards/<int:number>", views.awaited_card),
    path("awaited/ponder/<str:name>", views.awaited_ponder),
    path("sync/cards/<int:number>", views.sync_card),
    path("sync/ponder/<str:name>", views.sync_ponder),
]
