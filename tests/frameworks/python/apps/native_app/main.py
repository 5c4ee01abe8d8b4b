"""Native packages in handlers, on the event loop and on threads: NumPy, PyTorch and OpenCV."""

import asyncio
import json

import cv2
import numpy as np
import torch

torch.manual_seed(1)
model = torch.nn.Sequential(torch.nn.Linear(64, 128), torch.nn.ReLU(), torch.nn.Linear(128, 10)).eval()


def multiply():
    matrix = np.arange(250_000, dtype=np.float64).reshape(500, 500) / 250_000
    return {"trace": round(float(np.trace(matrix @ matrix.T)), 3)}


def infer():
    with torch.inference_mode():
        scores = model(torch.ones(32, 64))
    return {"shape": list(scores.shape), "best": int(scores[0].argmax())}


def encode():
    image = np.zeros((480, 640, 3), dtype=np.uint8)
    cv2.circle(image, (320, 240), 100, (0, 0, 255), thickness=-1)
    small = cv2.resize(image, (64, 48), interpolation=cv2.INTER_AREA)
    _, png = cv2.imencode(".png", small)
    again = cv2.imdecode(png, cv2.IMREAD_COLOR)
    return {"same": bool((again == small).all()), "red": int(again[24, 32, 2])}


WORK = {"/numpy": multiply, "/torch": infer, "/opencv": encode}


async def app(scope, receive, send):
    if scope["type"] != "http":
        raise NotImplementedError(scope["type"])
    work = WORK[scope["path"]]
    result = await asyncio.to_thread(work) if scope["query_string"] == b"thread" else work()
    await send({"type": "http.response.start", "status": 200})
    await send({"type": "http.response.body", "body": json.dumps(result).encode()})
