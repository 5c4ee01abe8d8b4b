"""Views of both kinds."""

import asyncio
import hashlib
from pathlib import Path

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import F
from django.db.transaction import atomic
from django.http import FileResponse, HttpResponse, JsonResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.csrf import csrf_exempt
from django.views.generic import DetailView

from .forms import EntryForm, UploadForm
from .models import Entry

_left = asyncio.Event()


def index(request):
    return render(request, "board/index.html", {"entries": Entry.objects.all()})


def new(request):
    form = EntryForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        entry = form.save()
        messages.success(request, f"saved {entry.title}")
        return redirect("board:index")
    return render(request, "board/new.html", {"form": form}, status=400 if form.is_bound else 200)


class Detail(DetailView):
    model = Entry


@login_required(login_url="admin:login")
def members(request):
    return HttpResponse(f"member {request.user.get_username()}")


def session(request):
    request.session["count"] = request.session.get("count", 0) + 1
    return JsonResponse({"count": request.session["count"]})


@csrf_exempt
def upload(request):
    form = UploadForm(request.POST, request.FILES)
    if not form.is_valid():
        return JsonResponse(form.errors, status=400)
    file, digest = form.cleaned_data["file"], hashlib.sha256()
    for part in file.chunks():
        digest.update(part)
    return JsonResponse(
        {
            "title": form.cleaned_data["title"],
            "name": file.name,
            "bytes": file.size,
            "kept": type(file).__name__,
            "sha256": digest.hexdigest(),
        }
    )


@csrf_exempt
def raw(request):
    return JsonResponse({"bytes": len(request.body)})


def where(request):
    return JsonResponse(
        {
            "absolute": request.build_absolute_uri("/x"),
            "here": request.build_absolute_uri(),
            "secure": request.is_secure(),
            "remote": request.META["REMOTE_ADDR"],
            "reverse": reverse("board:entry", args=[7]),
            "script": request.META["SCRIPT_NAME"],
            "path_info": request.path_info,
            "agent": request.headers["user-agent"],
        }
    )


def stream(request):
    return StreamingHttpResponse((f"{number}\n" for number in range(1000)), content_type="text/plain")


async def stream_async(request):
    async def parts():
        async for entry in Entry.objects.all():
            yield f"{entry.title}\n"
        yield "end"

    return StreamingHttpResponse(parts(), content_type="text/plain")


async def events(request):
    async def parts():
        try:
            yield "data: 0\n\n"
            await asyncio.sleep(3600)
        finally:
            _left.set()

    return StreamingHttpResponse(parts(), content_type="text/event-stream")


async def left(request):
    await asyncio.wait_for(_left.wait(), 30)
    return HttpResponse("left")


def file(request):
    return FileResponse(Path(__file__).open("rb"), as_attachment=True, filename="gr\xf6\xdfe.py")


@csrf_exempt
def hit(request, pk):
    with atomic():
        entry = Entry.objects.select_for_update().get(pk=pk)
        Entry.objects.filter(pk=pk).update(hits=F("hits") + 1)
    entry.refresh_from_db()
    return JsonResponse({"hits": entry.hits})


async def async_view(request):
    first, second = await asyncio.gather(asyncio.sleep(0, "first"), asyncio.to_thread(str, "second"))
    return JsonResponse({"got": [first, second], "user": str(await request.auser())})


async def async_orm(request, title):
    entry = await Entry.objects.acreate(title=title)
    found = [entry.title async for entry in Entry.objects.filter(pk=entry.pk)]
    await entry.adelete()
    return JsonResponse({"found": found, "left": await Entry.objects.filter(title=title).acount()})


def fails(request):
    raise LookupError("provoked in Django")


def not_found(request, exception):
    return HttpResponse(f"nothing at {request.path}", status=404)
