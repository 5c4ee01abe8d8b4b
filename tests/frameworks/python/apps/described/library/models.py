from django.db import models


class Author(models.Model):
    name = models.CharField(max_length=50)
    born = models.PositiveIntegerField(null=True, blank=True)


class Book(models.Model):
    class State(models.TextChoices):
        NEW = "new"
        WORN = "worn"

    title = models.CharField(max_length=100)
    authors = models.ManyToManyField(Author, related_name="books")
    state = models.CharField(max_length=4, choices=State.choices, default=State.NEW)
    printed = models.DateField(null=True, blank=True)
    weight = models.DecimalField(max_digits=5, decimal_places=2)
    cover = models.FileField(upload_to="covers", null=True)
