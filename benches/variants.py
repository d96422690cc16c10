#!/usr/bin/env python3
"""W1 with something in the middle: ten Pass states, and the same with a Wait of a second or a function call in it.

    variants.py --endpoint http://127.0.0.1:8083 [--count 500] [--clients 32]

Starts --count executions with --clients connections, waits until all have ended, and prints one JSON line per
variant: starts per second, executions per second from the first start to the last end, and how long an execution
took by its own dates beyond what it waits for (p50, p99, in ms). Prints the disk's fdatasync latency beside it.
Needs nothing but Python; drives the public API only.
"""
import argparse, base64, http.client, io, json, os, queue, statistics, tempfile, threading, time, uuid, zipfile

ACCOUNT = "123456789012"
AUTH = "AWS4-HMAC-SHA256 Credential=bench/20260101/us-east-1/{}/aws4_request, SignedHeaders=host, Signature=0"
FUNCTION = "import json\ndef handler(event, context):\n    return event\n"


class Client:
    def __init__(self, endpoint):
        self.connection = http.client.HTTPConnection(endpoint.split("//")[1])

    def states(self, operation, **members):
        headers = {"X-Amz-Target": f"AWSStepFunctions.{operation}", "Content-Type": "application/x-amz-json-1.0",
                   "Authorization": AUTH.format("states")}
        return self.send("POST", "/", members, headers)

    def functions(self, method, path, body=None):
        return self.send(method, "/2015-03-31/functions" + path, body, {"Authorization": AUTH.format("lambda")})

    def send(self, method, path, body, headers):
        self.connection.request(method, path, json.dumps(body or {}), headers)
        response = self.connection.getresponse()
        text = response.read()
        if response.status >= 300:
            raise RuntimeError(f"{response.status} {text[:300]}")
        return json.loads(text) if text else {}


def definition(middle):
    """Ten Pass states; `middle` stands between the fifth and the sixth."""
    names = [f"S{i}" for i in range(1, 6)] + (["Middle"] if middle else []) + [f"S{i}" for i in range(6, 11)]
    states = {name: {"Type": "Pass"} for name in names}
    if middle:
        states["Middle"] = dict(middle)
    for name, following in zip(names, names[1:] + [None]):
        states[name].update({"Next": following} if following else {"End": True})
    return json.dumps({"StartAt": "S1", "States": states})


def create_function(client, name):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as package:
        package.writestr("handler.py", FUNCTION)
    client.functions("POST", "", {"FunctionName": name, "Runtime": "python3.12", "Handler": "handler.handler",
                                  "Role": f"arn:aws:iam::{ACCOUNT}:role/bench", "Timeout": 30,
                                  "Code": {"ZipFile": base64.b64encode(packed.getvalue()).decode()}})
    for _ in range(8):
        client.functions("POST", f"/{name}/invocations", {})


def in_threads(count, clients, endpoint, work):
    numbers = queue.SimpleQueue()
    for number in range(count):
        numbers.put(number)
    results, errors = [], []

    def run():
        client = Client(endpoint)
        try:
            while True:
                try:
                    number = numbers.get_nowait()
                except queue.Empty:
                    return
                results.append(work(client, number))
        except Exception as error:
            errors.append(error)
    threads = [threading.Thread(target=run) for _ in range(clients)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    if errors:
        raise errors[0]
    return results


def ended(client, arn):
    while True:
        shown = client.states("DescribeExecution", executionArn=arn)
        if shown["status"] != "RUNNING":
            return shown
        time.sleep(0.02)


def measure(args, label, middle, waits):
    client, run = Client(args.endpoint), uuid.uuid4().hex[:8]
    machine = client.states("CreateStateMachine", name=f"bench-{label}-{run}", definition=definition(middle),
                            roleArn=f"arn:aws:iam::{ACCOUNT}:role/bench")["stateMachineArn"]
    began = time.monotonic()
    arns = in_threads(args.count, args.clients, args.endpoint,
                      lambda c, n: c.states("StartExecution", stateMachineArn=machine, name=f"e{n}", input="{}")["executionArn"])
    started = time.monotonic() - began
    shown = in_threads(len(arns), args.clients, args.endpoint, lambda c, n: ended(c, arns[n]))
    whole = time.monotonic() - began
    bad = [x for x in shown if x["status"] != "SUCCEEDED"]
    beyond = sorted((x["stopDate"] - x["startDate"] - waits) * 1000 for x in shown)
    print(json.dumps({"variant": label, "n": len(shown), "not_succeeded": len(bad), "starts_per_s": round(len(arns) / started),
                      "executions_per_s": round(len(shown) / whole), "beyond_wait_p50_ms": round(statistics.median(beyond), 1),
                      "beyond_wait_p99_ms": round(beyond[int(len(beyond) * 0.99) - 1], 1)}))


def fdatasync_p50():
    with tempfile.NamedTemporaryFile(dir=".") as file:
        file.write(b"\0" * 1048576)
        file.flush()
        os.fsync(file.fileno())
        times = []
        for _ in range(200):
            file.seek(0)
            file.write(os.urandom(4096))
            file.flush()
            began = time.monotonic()
            os.fdatasync(file.fileno())
            times.append(time.monotonic() - began)
    return round(statistics.median(times) * 1e6)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--endpoint", default="http://127.0.0.1:8083")
    parser.add_argument("--count", type=int, default=500)
    parser.add_argument("--clients", type=int, default=32)
    args = parser.parse_args()
    function = "bench-" + uuid.uuid4().hex[:8]
    create_function(Client(args.endpoint), function)
    print(json.dumps({"fdatasync_p50_us": fdatasync_p50()}))
    measure(args, "passes", None, 0)
    measure(args, "wait", {"Type": "Wait", "Seconds": 1}, 1)
    measure(args, "function", {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke",
                               "Parameters": {"FunctionName": function, "Payload.$": "$"}, "OutputPath": "$.Payload"}, 0)


if __name__ == "__main__":
    main()
