"""The functions behind grpcio's asyncio server: python serve_grpc.py PORT."""

import asyncio
import sys
from collections.abc import AsyncIterator

import bench_pb2
import bench_pb2_grpc
import functions
import grpc
import numpy as np


class Bench(bench_pb2_grpc.BenchServicer):
    async def Similar(self, request: bench_pb2.SimilarRequest, context: object) -> bench_pb2.SimilarAnswer:
        items = [bench_pb2.Item(**item) for item in functions.similar(request.item_id, request.k)]
        return bench_pb2.SimilarAnswer(items=items)

    async def Scale(self, request: bench_pb2.Numbers, context: object) -> bench_pb2.Numbers:
        numbers = np.frombuffer(request.data, dtype="<f4")
        return bench_pb2.Numbers(data=functions.scale(numbers).tobytes())

    async def Count(self, request: bench_pb2.CountRequest, context: object) -> AsyncIterator[bench_pb2.Item]:
        for item in functions.count(request.n):
            yield bench_pb2.Item(**item)


async def main() -> None:
    address = f"127.0.0.1:{sys.argv[1]}"
    server = grpc.aio.server(options=[("grpc.max_receive_message_length", -1)])
    bench_pb2_grpc.add_BenchServicer_to_server(Bench(), server)
    server.add_insecure_port(address)
    await server.start()
    print(f"listening on http://{address}", flush=True)
    await server.wait_for_termination()


asyncio.run(main())
