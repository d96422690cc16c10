#!/usr/bin/env python3
"""What a page costs: of the list of very many executions, and of a history of 25,000 events.

    lists.py --binary target/release/stepwell [--count 100000] [--clients 32] [--pages 5] [--data-dir DIR]

Starts a server of its own, runs --count executions to their end (nine of ten succeed, one fails) and one into the limit of
events; then pages through the list of all, the list of those that failed, and the history, forward and backward, and
prints for each the milliseconds that the first, the middle and the last --pages pages took (medians), and how many there
were. Needs nothing but Python; drives the public API only.
"""
import argparse, asyncio, http.client, json, os, shutil, statistics, tempfile, time

from open_executions import AUTH, ROLE, call, free_port, serve

ENDS = {"StartAt": "C", "States": {
    "C": {"Type": "Choice", "Choices": [{"Variable": "$.fail", "BooleanEquals": True, "Next": "F"}], "Default": "S"},
    "F": {"Type": "Fail"}, "S": {"Type": "Succeed"}}}
LOOPS = {"StartAt": "C", "States": {
    "C": {"Type": "Choice", "Choices": [{"Variable": "$.end", "IsPresent": True, "Next": "S"}], "Default": "C"},
    "S": {"Type": "Succeed"}}}


async def run_many(port, machine, count, clients):
    """Starts executions over that many connections; each has ended when its start is answered."""
    numbers = iter(range(count))

    async def client():
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for number in numbers:
            given = json.dumps({"fail": number % 10 == 0, "number": number})
            body = json.dumps({"stateMachineArn": machine, "name": f"e{number}", "input": given})
            writer.write((f"POST / HTTP/1.1\r\nHost: localhost\r\nX-Amz-Target: AWSStepFunctions.StartExecution\r\n"
                          f"Content-Type: application/x-amz-json-1.0\r\nAuthorization: {AUTH}\r\n"
                          f"Content-Length: {len(body)}\r\n\r\n{body}").encode())
            head = await reader.readuntil(b"\r\n\r\n")
            length = next(int(line.split(b":")[1]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length"))
            text = await reader.readexactly(length)
            if b" 200 " not in head.split(b"\r\n", 1)[0]:
                raise SystemExit(f"a start was refused: {text[:200]}")
        writer.close()

    await asyncio.gather(*(client() for _ in range(clients)))


def pages(port, operation, member, **members):
    """The milliseconds of every page, and how many things there were."""
    took, found, token = [], 0, {}
    while True:
        began = time.perf_counter()
        page = call(port, operation, maxResults=1000, **members, **token)
        took.append((time.perf_counter() - began) * 1000)
        found += len(page[member])
        if "nextToken" not in page:
            return took, found
        token = {"nextToken": page["nextToken"]}


def row(name, took, found, width):
    middle = len(took) // 2
    parts = [took[:width], took[max(0, middle - width // 2):middle + width // 2 + 1], took[-width - 1:-1] or took]
    figures = "".join(f"{statistics.median(part):10.1f}" for part in parts)
    print(f"{name:34}{found:9}{len(took):7}{figures}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--binary", default="target/release/stepwell")
    parser.add_argument("--count", type=int, default=100_000)
    parser.add_argument("--clients", type=int, default=32)
    parser.add_argument("--pages", type=int, default=5)
    parser.add_argument("--data-dir")
    arguments = parser.parse_args()
    folder = arguments.data_dir or tempfile.mkdtemp(prefix="stepwell-lists-")
    data, port = os.path.join(folder, "data"), free_port()
    os.makedirs(data, exist_ok=True)
    process, _ = serve(arguments.binary, port, data)
    try:
        create = lambda name, definition: call(
            port, "CreateStateMachine", name=name, definition=json.dumps(definition), roleArn=ROLE)["stateMachineArn"]
        machine, loops = create("ends", ENDS), create("loops", LOOPS)
        asyncio.run(run_many(port, machine, arguments.count, arguments.clients))
        long = call(port, "StartExecution", stateMachineArn=loops, input="{}")["executionArn"]
        while call(port, "DescribeExecution", executionArn=long)["status"] == "RUNNING":
            time.sleep(0.05)
        print(f"{'milliseconds of a page of 1,000':34}{'found':>9}{'pages':>7}{'first':>10}{'middle':>10}{'last':>10}")
        for name, status in [("list of all", {}), ("list of those that failed", {"statusFilter": "FAILED"}),
                             ("list of those that run: none", {"statusFilter": "RUNNING"})]:
            row(name, *pages(port, "ListExecutions", "executions", stateMachineArn=machine, **status), arguments.pages)
        for name, reverse in [("history forward", False), ("history backward", True)]:
            row(name, *pages(port, "GetExecutionHistory", "events", executionArn=long, reverseOrder=reverse), arguments.pages)
    finally:
        process.kill()
        process.wait()
        if not arguments.data_dir:
            shutil.rmtree(folder)


if __name__ == "__main__":
    main()
