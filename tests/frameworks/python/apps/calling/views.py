"""Django's views, async and not, which await functions of TypeScript."""

from cards import NoSuchItem, arguments, told
from django.http import HttpResponse, JsonResponse

from diglot import services


async def awaited_card(request, number):
    try:
        card = await services.cards.render_card(**arguments(number))
    except NoSuchItem as error:
        return JsonResponse({"nearest": error.nearest}, status=404)
    return JsonResponse(told(card))


async def awaited_ponder(request, name):
    await services.cards.ponder(name=name)
    return HttpResponse()


def sync_card(request, number):
    try:
        card = services.cards.render_card.sync(**arguments(number))
    except NoSuchItem as error:
        return JsonResponse({"nearest": error.nearest}, status=404)
    return JsonResponse(told(card))


def sync_ponder(request, name):
    services.cards.ponder.sync(name=name)
    return HttpResponse()
