#!/usr/bin/env python3
"""Synchronous Express: ten Pass states, as many as clients get answered, one after the other each.

    sync_express.py --endpoint http://127.0.0.1:8083 [--clients 1,16,64] [--seconds 10] [--count 20000]

Prints one JSON line for each number of clients: executions per second, p50 and p99 of a call in ms, and what went
wrong. Needs nothing but Python; drives the public API only. Its own share of a processor is told, too: one that is near
1 says that the driver, not the server, was measured.
"""
import argparse, asyncio, json, statistics, time, uuid

AUTH = "AWS4-HMAC-SHA256 Credential=bench/20260101/us-east-1/states/aws4_request, SignedHeaders=host, Signature=0"


def request(host, operation, members):
    body = json.dumps(members).encode()
    head = (f"POST / HTTP/1.1\r\nHost: {host}\r\nX-Amz-Target: AWSStepFunctions.{operation}\r\n"
            f"Content-Type: application/x-amz-json-1.0\r\nAuthorization: {AUTH}\r\nContent-Length: {len(body)}\r\n\r\n")
    return head.encode() + body


class Client(asyncio.Protocol):
    """Sends the same request again as soon as it is answered, until it is told to stop."""

    def __init__(self, data, run):
        self.data, self.run, self.buffer = data, run, b""
        self.done = asyncio.get_running_loop().create_future()

    def connection_made(self, transport):
        self.transport = transport
        self.send()

    def send(self):
        self.sent = time.perf_counter()
        self.transport.write(self.data)

    def data_received(self, data):
        self.buffer += data
        end = self.buffer.find(b"\r\n\r\n")
        if end < 0:
            return
        head = self.buffer[:end].lower()
        length = int(head.split(b"content-length:", 1)[1].split(b"\r\n", 1)[0])
        if len(self.buffer) < end + 4 + length:
            return
        self.run.answered(time.perf_counter() - self.sent, head, self.buffer[end + 4:])
        self.buffer = b""
        if self.run.goes_on():
            self.send()
        else:
            self.transport.close()

    def connection_lost(self, error):
        if error is not None:
            self.run.errors.append(str(error))
        if not self.done.done():
            self.done.set_result(None)


class Run:
    def __init__(self, seconds, count):
        self.began, self.seconds, self.count = time.perf_counter(), seconds, count
        self.took, self.errors = [], []

    def goes_on(self):
        return time.perf_counter() - self.began < self.seconds and len(self.took) < self.count

    def answered(self, took, head, body):
        self.took.append(took)
        if b" 200 " not in head.split(b"\r\n", 1)[0] or b'"SUCCEEDED"' not in body:
            self.errors.append(body[:200].decode(errors="replace"))


async def once(host, port, data):
    reader, writer = await asyncio.open_connection(host, port)
    writer.write(data)
    head = await reader.readuntil(b"\r\n\r\n")
    length = int(head.lower().split(b"content-length:", 1)[1].split(b"\r\n", 1)[0])
    body = await reader.readexactly(length)
    writer.close()
    assert b" 200 " in head.split(b"\r\n", 1)[0], body
    return json.loads(body)


async def main(given):
    address = given.endpoint.split("//")[1]
    host, port = address.split(":")
    states = {f"S{i}": {"Type": "Pass", **({"Next": f"S{i + 1}"} if i < 10 else {"End": True})} for i in range(1, 11)}
    machine = await once(host, port, request(address, "CreateStateMachine", {
        "name": f"sync-{uuid.uuid4().hex[:8]}", "type": "EXPRESS", "roleArn": "arn:aws:iam::123456789012:role/bench",
        "definition": json.dumps({"StartAt": "S1", "States": states})}))
    data = request(address, "StartSyncExecution", {"stateMachineArn": machine["stateMachineArn"], "input": '{"a": 1}'})
    for clients in map(int, given.clients.split(",")):
        run, used = Run(given.seconds, given.count), time.process_time()
        loop = asyncio.get_running_loop()
        made = [await loop.create_connection(lambda: Client(data, run), host, port) for _ in range(clients)]
        for _, client in made:
            await client.done
        wall, used = time.perf_counter() - run.began, time.process_time() - used
        took = sorted(run.took)
        print(json.dumps({
            "clients": clients, "executions": len(took), "per_second": round(len(took) / wall),
            "p50_ms": round(statistics.median(took) * 1000, 2), "p99_ms": round(took[int(len(took) * .99)] * 1000, 2),
            "driver_cores": round(used / wall, 2), "errors": len(run.errors), "first_error": (run.errors or [None])[0],
        }), flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--endpoint", required=True)
    parser.add_argument("--clients", default="1,16,64")
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--count", type=int, default=1_000_000)
    asyncio.run(main(parser.parse_args()))
