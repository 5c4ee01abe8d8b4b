"""A caller by grpcio's asyncio client: python call_grpc.py ADDRESS CASE SECONDS."""

import asyncio
import sys
from collections.abc import AsyncIterator
from typing import Any

import bench_pb2
import bench_pb2_grpc
import grpc
import numpy as np
from measure import measure
from numpy.typing import NDArray


class Grpc:
    def __init__(self, stub: bench_pb2_grpc.BenchStub) -> None:
        self.stub = stub

    async def similar(self, item_id: int, k: int) -> list[Any]:
        return (await self.stub.Similar(bench_pb2.SimilarRequest(item_id=item_id, k=k))).items

    async def scale(self, x: NDArray[np.float32]) -> NDArray[np.float32]:
        answer = await self.stub.Scale(bench_pb2.Numbers(data=x.tobytes()))
        return np.frombuffer(answer.data, dtype="<f4")

    def count(self, n: int) -> AsyncIterator[Any]:
        return self.stub.Count(bench_pb2.CountRequest(n=n))


async def main() -> None:
    address, name, seconds = sys.argv[1:]
    options = [("grpc.max_receive_message_length", -1)]
    async with grpc.aio.insecure_channel(address, options=options) as channel:
        print(await measure(Grpc(bench_pb2_grpc.BenchStub(channel)), name, float(seconds)))


asyncio.run(main())
