"""The board's forms."""

from django import forms

from .models import Entry


class EntryForm(forms.ModelForm):
    class Meta:
        model = Entry
        fields = ("title",)


class UploadForm(forms.Form):
    title = forms.CharField()
    file = forms.FileField()
