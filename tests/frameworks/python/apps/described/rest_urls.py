from django.urls import include, path
from drf_spectacular.views import SpectacularAPIView
from library.views import BookViewSet, greeting
from rest_framework.routers import DefaultRouter

router = DefaultRouter()
router.register("books", BookViewSet)
urlpatterns = [
    path("api/schema/", SpectacularAPIView.as_view(), name="schema"),
    path("api/greeting/", greeting),
    path("api/", include(router.urls)),
]
