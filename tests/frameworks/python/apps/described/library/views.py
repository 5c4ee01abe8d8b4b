"""Django REST framework: a ViewSet of a model, an action, a function with what drf-spectacular is told."""

from drf_spectacular.utils import OpenApiParameter, extend_schema, inline_serializer
from rest_framework import serializers, viewsets
from rest_framework.decorators import action, api_view
from rest_framework.permissions import IsAuthenticatedOrReadOnly
from rest_framework.response import Response

from library.models import Author, Book


class AuthorSerializer(serializers.ModelSerializer):
    class Meta:
        model = Author
        fields = ("id", "name", "born")


class BookSerializer(serializers.ModelSerializer):
    authors = AuthorSerializer(many=True, read_only=True)
    condition = serializers.ChoiceField(["fine", "poor"], allow_blank=True, allow_null=True, required=False)

    class Meta:
        model = Book
        fields = ("id", "title", "authors", "state", "printed", "weight", "cover", "condition")


class BookViewSet(viewsets.ModelViewSet):
    """Books of the library."""

    queryset = Book.objects.all()
    serializer_class = BookSerializer
    permission_classes = (IsAuthenticatedOrReadOnly,)

    @extend_schema(request=None, responses={204: None})
    @action(detail=True, methods=["post"])
    def lend(self, request, pk=None):
        return Response(status=204)


@extend_schema(
    parameters=[OpenApiParameter("loud", bool)],
    responses=inline_serializer("Greeting", {"words": serializers.CharField()}),
)
@api_view(["GET"])
def greeting(request):
    return Response({"words": "Hello" + ("!" if request.query_params.get("loud") else "")})
