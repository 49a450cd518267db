#!/usr/bin/env python3
"""What `vlmhb mock` can do: requests a second against nginx, and how late its events are. Server and client have a core each. Needs wrk and nginx (Debian).

    bench/mock_server.py [--program build/release/vlmhb] [--rounds 3] [--seconds 3]
"""

import argparse
import contextlib
import csv
import pathlib
import re
import socket
import subprocess
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
POST = '''wrk.method = "POST"
wrk.body = '{"model":"mock","messages":[{"role":"user","content":"hello"}]%s}'
wrk.headers["Content-Type"] = "application/json"
'''
NGINX = """daemon off; worker_processes 1; error_log stderr crit; pid %(folder)s/pid;
events { worker_connections 4096; }
http { access_log off; keepalive_requests 1000000000;
  server { listen 127.0.0.1:%(port)d; location / { default_type application/json; return 200 '%(body)s'; } } }
"""


@contextlib.contextmanager
def mock(options, *arguments):
    server = subprocess.Popen(["taskset", "-c", "1", options.program, "mock", *arguments], stdout=subprocess.PIPE, text=True)
    try:
        yield server.stdout.readline().removeprefix("listening on ").strip()
    finally:
        server.terminate()
        server.wait()


@contextlib.contextmanager
def nginx(folder, body):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    config = folder / "nginx.conf"
    config.write_text(NGINX % {"folder": folder, "port": port, "body": body})
    server = subprocess.Popen(["taskset", "-c", "1", "/usr/sbin/nginx", "-p", folder, "-c", config])
    try:
        while True:
            with contextlib.suppress(ConnectionRefusedError), socket.create_connection(("127.0.0.1", port)):
                break
            time.sleep(0.01)
        yield f"127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait()


def wrk(options, folder, address, connections=64, stream=False):
    script = folder / "post.lua"
    script.write_text(POST % (',"stream":true' if stream else ""))
    told = subprocess.run(["taskset", "-c", "0", "wrk", "-t1", f"-c{connections}", f"-d{options.seconds}s", "-s", script,
                           f"http://{address}/v1/chat/completions"], check=True, capture_output=True, text=True).stdout
    assert "Non-2xx" not in told and "Socket errors" not in told, told
    return float(re.search(r"Requests/sec:\s+([\d.]+)", told)[1])


def lateness(options, folder, *arguments):
    """(p50, p99, count) of first events' microseconds behind their time, at 64 streams."""
    record = folder / "record.csv"
    with mock(options, "--ttft-ms", "50", "--gap-ms", "10", "--tokens", "20", "--record", record, *arguments) as address:
        wrk(options, folder, address, 64, stream=True)
    with open(record) as file:
        late = sorted((int(row["first_ns"]) - int(row["received_ns"])) / 1e3 - 50_000 for row in csv.DictReader(file, delimiter=";") if row["outcome"] == "ok")
    return late[len(late) // 2], late[len(late) * 99 // 100], len(late)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n", 1)[0])
    parser.add_argument("--program", type=pathlib.Path, default=ROOT / "build/release/vlmhb")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        for _ in range(options.rounds):
            with nginx(folder, "x" * 300) as address:
                print(f"nginx, 300 bytes: {wrk(options, folder, address):,.0f} requests/s", flush=True)
            with mock(options, "--tokens", "10") as address:
                print(f"mock, plain: {wrk(options, folder, address):,.0f} requests/s")
            with mock(options, "--tokens", "100") as address:
                rate = wrk(options, folder, address, stream=True)
                print(f"mock, streams of 100 events: {rate:,.0f} requests/s, {rate * 100:,.0f} events/s")
            for arguments in ((), ("--spin-us", "1000")):
                p50, p99, count = lateness(options, folder, *arguments)
                print(f"mock, first event 50 ms after the request {' '.join(arguments)}: late by {p50:.0f} µs (p50), {p99:.0f} µs (p99), {count} streams")


if __name__ == "__main__":
    main()
