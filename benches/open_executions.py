#!/usr/bin/env python3
"""Many open executions: what they cost in memory, and how soon a server with all of them open answers after a kill.

    open_executions.py --binary target/release/stepwell [--count 1000000] [--clients 64] [--data-dir DIR]

Starts a server of its own, starts --count executions that wait for a day, and a hundred that wait for --soon seconds;
kills the server (SIGKILL), starts it again, and prints one JSON line: starts per second, resident memory before the kill
and after recovery, seconds from the start of the process to the first answered call, and how late the hundred ended by
their own dates (the server was down for a part of their wait). Needs nothing but Python; drives the public API only.
"""
import argparse, asyncio, http.client, json, os, shutil, signal, socket, subprocess, tempfile, time

ROLE = "arn:aws:iam::123456789012:role/bench"
AUTH = "AWS4-HMAC-SHA256 Credential=bench/20260101/us-east-1/states/aws4_request, SignedHeaders=host, Signature=0"


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def call(port, operation, **members):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    headers = {"X-Amz-Target": f"AWSStepFunctions.{operation}", "Content-Type": "application/x-amz-json-1.0",
               "Authorization": AUTH}
    connection.request("POST", "/", json.dumps(members), headers)
    response = connection.getresponse()
    text = response.read()
    if response.status >= 300:
        raise RuntimeError(f"{operation}: {response.status} {text[:300]}")
    return json.loads(text or b"{}")


def serve(binary, port, folder):
    """The process, and the seconds until it answered its first call."""
    began = time.monotonic()
    log = open(os.path.join(folder, "..", "server.log"), "ab")
    process = subprocess.Popen([binary, "serve", "--listen", f"127.0.0.1:{port}", "--data-dir", folder,
                                "--quota", "open-executions=10000000"],
                               stdout=log, stderr=log)
    while True:
        try:
            call(port, "ListStateMachines", maxResults=1)
            return process, time.monotonic() - began
        except (OSError, http.client.HTTPException):
            if process.poll() is not None:
                raise SystemExit("the server ended; see " + log.name)
            time.sleep(0.005)


def resident(process):
    with open(f"/proc/{process.pid}/status") as status:
        return round(next(int(line.split()[1]) for line in status if line.startswith("VmRSS")) / 1024, 1)


async def start_many(port, machine, count, clients):
    """Starts executions over that many connections; a refusal is tried again, as SDKs do."""
    left = iter(range(count))

    async def client():
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for number in left:
            body = json.dumps({"stateMachineArn": machine, "name": f"e{number}", "input": "{}"}).encode()
            head = (f"POST / HTTP/1.1\r\nHost: s\r\nX-Amz-Target: AWSStepFunctions.StartExecution\r\n"
                    f"Content-Type: application/x-amz-json-1.0\r\nAuthorization: {AUTH}\r\n"
                    f"Content-Length: {len(body)}\r\n\r\n").encode()
            while True:
                writer.write(head + body)
                answer = await reader.readuntil(b"\r\n\r\n")
                length = next(int(line.split(b":")[1]) for line in answer.split(b"\r\n")
                              if line.lower().startswith(b"content-length"))
                text = await reader.readexactly(length)
                if answer.startswith(b"HTTP/1.1 200"):
                    break
                if b"Throttling" not in text:
                    raise RuntimeError(text[:300])
                await asyncio.sleep(0.05)
        writer.close()

    await asyncio.gather(*(client() for _ in range(clients)))


def machine(port, name, seconds):
    wait = {"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": seconds, "End": True}}}
    return call(port, "CreateStateMachine", name=name, roleArn=ROLE, definition=json.dumps(wait))["stateMachineArn"]


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--binary", default="target/release/stepwell")
    arguments.add_argument("--count", type=int, default=1_000_000)
    arguments.add_argument("--clients", type=int, default=64)
    arguments.add_argument("--soon", type=int, default=20)
    arguments.add_argument("--data-dir")
    options = arguments.parse_args()
    parent = options.data_dir or tempfile.mkdtemp(prefix="stepwell-open-")
    folder = os.path.join(parent, "data")
    os.makedirs(folder, exist_ok=True)
    port = free_port()
    process, cold = serve(options.binary, port, folder)
    try:
        day, soon = machine(port, "day", 86_400), machine(port, "soon", options.soon)
        idle = resident(process)
        began = time.monotonic()
        asyncio.run(start_many(port, day, options.count, options.clients))
        rate = options.count / (time.monotonic() - began)
        full = resident(process)
        asyncio.run(start_many(port, soon, 100, 10))
        process.send_signal(signal.SIGKILL)
        process.wait()
        process, recovery = serve(options.binary, port, folder)
        after = resident(process)
        time.sleep(options.soon + 1)
        late = []
        for number in range(100):
            arn = soon.replace(":stateMachine:", ":execution:") + f":e{number}"
            found = call(port, "DescribeExecution", executionArn=arn)
            if found["status"] != "SUCCEEDED":
                raise SystemExit(f"{arn} is {found['status']}")
            late.append(found["stopDate"] - found["startDate"] - options.soon)
        late.sort()
        print(json.dumps({
            "open": options.count, "starts_per_s": round(rate), "rss_idle_mib": idle, "rss_mib": full,
            "cold_start_s": round(cold, 3), "first_answer_after_kill_s": round(recovery, 3), "rss_after_recovery_mib": after,
            "late_p50_ms": round(late[50] * 1000), "late_max_ms": round(late[-1] * 1000)}))
    finally:
        process.kill()
        if not options.data_dir:
            shutil.rmtree(parent, ignore_errors=True)


if __name__ == "__main__":
    main()
