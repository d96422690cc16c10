#!/usr/bin/env python3
"""Overload: what a server does with 0.5, 1, 2 and 3 times the starts that it can do.

    cargo build --release && cargo build --release -p server --example openloop
    overload.py --binary target/release/stepwell --driver target/release/examples/openloop [--seconds 10] [--runs 1]

Starts a server of its own and measures first what it can do (64 clients that wait for their answers: the sustainable
rate), then sends multiples of that open-loop (crates/server/examples/openloop.rs). Prints a line per step: accepted per
second and its share of the peak, p50 and p99 of the accepted from when they were due, the share that was throttled, the share
that was not sent because all --connections waited for an answer for a second (the server lets those wait that it refuses),
timeouts and other errors, how a reader was served meanwhile, the server's resident memory, starts
accepted per second of the server's processor time (which says how much of it went into refusals, also on a machine that
others use), and the cores that server and driver took, the checks afterwards included. Exits with 1 when an execution that was accepted has not succeeded, a refusal was no ThrottlingException, or the
throughput at the highest load was more than 20 % below the peak. Needs nothing but Python; drives the public API only.
"""
import argparse, http.client, json, os, resource, shutil, socket, subprocess, sys, tempfile, threading, time

ROLE = "arn:aws:iam::123456789012:role/bench"
AUTH = "AWS4-HMAC-SHA256 Credential=bench/20260101/us-east-1/states/aws4_request, SignedHeaders=host, Signature=0"
STEPS = (0.5, 1, 2, 3)
TICKS = os.sysconf("SC_CLK_TCK")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def call(port, operation, **members):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    headers = {"X-Amz-Target": f"AWSStepFunctions.{operation}", "Content-Type": "application/x-amz-json-1.0", "Authorization": AUTH}
    connection.request("POST", "/", json.dumps(members), headers)
    response = connection.getresponse()
    text = response.read()
    if response.status >= 300:
        raise RuntimeError(f"{operation}: {response.status} {text[:300]}")
    return json.loads(text or b"{}")


def resident(process):
    with open(f"/proc/{process.pid}/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmRSS")) / 1024


def cpu(process):
    with open(f"/proc/{process.pid}/stat") as stat:
        fields = stat.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def passes(count):
    names = [f"S{number}" for number in range(count)]
    states = {name: {"Type": "Pass", "Next": follower} for name, follower in zip(names, names[1:])}
    return json.dumps({"StartAt": names[0], "States": {**states, names[-1]: {"Type": "Pass", "End": True}}})


class Step:
    """One run of the driver beside the server, watched."""

    def __init__(self, server, port, options, name, rate, connections):
        machine = call(port, "CreateStateMachine", name=name, roleArn=ROLE, definition=passes(options.states))["stateMachineArn"]
        seen = call(port, "StartExecution", stateMachineArn=machine, name="seen")["executionArn"]
        command = [options.driver, "--endpoint", f"127.0.0.1:{port}", "--machine", machine, "--rate", str(rate),
                   "--seconds", str(options.seconds), "--connections", str(connections), "--probe", seen]
        self.resident, before, began = [], cpu(server), time.monotonic()
        driver = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        over = threading.Event()
        self.busy = None
        watcher = threading.Thread(target=self.watch, args=(server, driver, over, began + options.seconds))
        watcher.start()
        output = driver.communicate()[0]
        over.set()
        watcher.join()
        took = time.monotonic() - began
        if not output:
            raise SystemExit(f"the driver failed ({driver.returncode})")
        self.report = json.loads(output)
        self.cores = (cpu(server) - before) / took, self.driver_cpu / took
        busy = (self.busy if self.busy is not None else cpu(server)) - before
        self.per_core = self.report["accepted_per_s"] * options.seconds / max(busy, 0.01)

    def watch(self, server, driver, over, ends):
        self.driver_cpu = 0.0
        while not over.wait(0.1):
            if self.busy is None and time.monotonic() >= ends:
                self.busy = cpu(server)
            self.resident.append(resident(server))
            try:
                self.driver_cpu = cpu(driver)
            except (OSError, IndexError):
                pass

    def line(self, name, peak):
        r = self.report
        due = max(r["due"], 1)
        share = f"{r['accepted_per_s'] / peak:5.0%}" if peak else "     "
        return (f"{name:>5} {r['rate']:8.0f} {r['accepted_per_s']:9.0f} {share} {r['accepted_latency']['p50_ms']:8.1f} "
                f"{r['accepted_latency']['p99_ms']:9.1f} {r['throttled'] / due:8.1%} {r['unsent'] / due:7.1%} {r['timeouts']:8d} {sum(r['errors'].values()):6d} "
                f"{r['read_latency']['p50_ms']:7.1f} {r['read_latency']['p99_ms']:8.1f} {max(self.resident):8.0f} {self.resident[-1]:7.0f} "
                f"{self.per_core:8.0f} {self.cores[0]:6.2f} {self.cores[1]:6.2f} {r['accepted_not_succeeded']:5d}")


HEAD = ("  x      rate  accept/s  peak   p50 ms    p99 ms  throttl  unsent timeouts errors  read50   read99  RSS max RSS end per core server driver  lost")


def serve(options, folder, port):
    log = open(os.path.join(folder, "server.log"), "ab")
    server = subprocess.Popen([options.binary, "serve", "--listen", f"127.0.0.1:{port}", "--data-dir", os.path.join(folder, "data")],
                              stdout=log, stderr=log)
    while True:
        try:
            call(port, "ListStateMachines", maxResults=1)
            return server
        except (OSError, http.client.HTTPException):
            if server.poll() is not None:
                raise SystemExit(f"the server ended; see {log.name}")
            time.sleep(0.01)


def measure(server, port, options, run):
    able = Step(server, port, options, f"able-{run}", 0, 64)
    sustainable = able.report["accepted_per_s"]
    print(HEAD)
    print(able.line("able", sustainable), flush=True)
    steps = [(times, Step(server, port, options, f"x{times}-{run}".replace(".", "-"), sustainable * times, options.connections)) for times in STEPS]
    peak = max([sustainable] + [step.report["accepted_per_s"] for _, step in steps])
    good = True
    for times, step in steps:
        print(step.line(f"{times}", peak), flush=True)
        if step.report["errors"]:
            print("      errors:", step.report["errors"])
        good &= not step.report["errors"] and step.report["accepted_not_succeeded"] == 0
    return good and steps[-1][1].report["accepted_per_s"] >= 0.8 * peak


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--binary", default="target/release/stepwell")
    arguments.add_argument("--driver", default="target/release/examples/openloop")
    arguments.add_argument("--seconds", type=float, default=10)
    arguments.add_argument("--connections", type=int, default=4_096)
    arguments.add_argument("--states", type=int, default=10, help="Pass states of the machine")
    arguments.add_argument("--runs", type=int, default=1)
    arguments.add_argument("--data-dir")
    options = arguments.parse_args()
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    folder = options.data_dir or tempfile.mkdtemp(prefix="stepwell-overload-")
    os.makedirs(folder, exist_ok=True)
    port = free_port()
    server = serve(options, folder, port)
    try:
        good = [measure(server, port, options, run) for run in range(options.runs)]
    finally:
        server.kill()
        server.wait()
        if not options.data_dir:
            shutil.rmtree(folder, ignore_errors=True)
    print("within the bar" if all(good) else "NOT within the bar")
    return 0 if all(good) else 1


if __name__ == "__main__":
    sys.exit(main())
