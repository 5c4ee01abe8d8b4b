"""What is on the board."""

from django.db import models


class Entry(models.Model):
    title = models.CharField(max_length=100)
    hits = models.IntegerField(default=0)
    created = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("pk",)
        verbose_name_plural = "entries"

    def __str__(self):
        return self.title
