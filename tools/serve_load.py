"""Put `deblurgan serve` under load on this machine, stop it in the middle of it, and print what happened.

python tools/serve_load.py examples/street.jpg --clients 100 --seconds 120
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import re
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

EDGE = b"edge-of-the-form"


@dataclass
class Tally:
    """What the clients saw.

    Attributes:
        statuses: how many answers of each.
        of_clients: pictures that each client got.
        queued: seconds that each picture waited, by the server.
        answered: when each picture came, by the monotonic clock.
        broken: how many requests were not answered, by the reason.
        resident: (time, bytes of the server in memory), every second.
    """

    statuses: Counter[int] = field(default_factory=Counter)
    of_clients: Counter[int] = field(default_factory=Counter)
    queued: list[float] = field(default_factory=list)
    answered: list[float] = field(default_factory=list)
    broken: Counter[str] = field(default_factory=Counter)
    resident: list[tuple[float, int]] = field(default_factory=list)


def main() -> None:
    """Benchmark, load, stop, report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("picture", type=Path)
    parser.add_argument("--clients", type=int, default=100)
    parser.add_argument("--seconds", type=float, default=120)
    given = parser.parse_args()
    reference = frames_per_second()
    with tempfile.TemporaryDirectory() as folder:
        started = time.monotonic()
        command = [sys.executable, "-m", "deblurgan", "serve", "--port", "0", "--quiet"]
        environment = {**os.environ, "TMPDIR": folder}
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as server:
            assert server.stdout
            port = int(server.stdout.readline().strip().rstrip("/").rpartition(":")[2])
            ready = time.monotonic() - started
            request = form(given.picture)
            urllib.request.urlopen(
                urllib.request.Request(
                    f"http://127.0.0.1:{port}/v1/restore",
                    request,
                    {"Content-Type": f"multipart/form-data; boundary={EDGE.decode()}"},
                )
            ).read()
            first = time.monotonic() - started
            tally = Tally()
            began = time.monotonic()
            asyncio.run(load(port, request, given.clients, given.seconds, server.pid, tally))
            code = server.wait()
        left = sorted(path.name for path in Path(folder).iterdir())
    report(tally, began, given.seconds, reference)
    print(f"start: address after {ready:.2f} s, first picture after {first:.2f} s")
    print(f"stop: {tally.broken.total()} requests lost {dict(tally.broken) or ''}, exit code {code}")
    print(f"left in the temporary folder: {left}")


def form(picture: Path) -> bytes:
    """The body of an upload."""
    head = b'--%s\r\nContent-Disposition: form-data; name="file"; filename="load.jpg"\r\n\r\n' % EDGE
    return head + picture.read_bytes() + b"\r\n--%s--\r\n" % EDGE


def frames_per_second() -> float:
    """What `deblurgan benchmark` says."""
    command = [sys.executable, "-m", "deblurgan", "benchmark", "--json", "--runs", "9"]
    return float(json.loads(subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout)["fps"])


async def load(port: int, body: bytes, clients: int, seconds: float, pid: int, tally: Tally) -> None:
    """Send from all clients at once; after the time is up, tell the server to stop while they go on."""
    stopping = asyncio.Event()
    request = (
        b"POST /v1/restore HTTP/1.1\r\nHost: 127.0.0.1\r\n"
        b"Content-Type: multipart/form-data; boundary=%s\r\nContent-Length: %d\r\n\r\n" % (EDGE, len(body)) + body
    )
    work = [asyncio.create_task(client(number, port, request, tally, stopping)) for number in range(clients)]
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        statm = Path(f"/proc/{pid}/statm").read_text("ascii").split()
        tally.resident.append((time.monotonic(), int(statm[1]) * os.sysconf("SC_PAGE_SIZE")))
        await asyncio.sleep(1)
    os.kill(pid, signal.SIGTERM)
    stopping.set()
    await asyncio.gather(*work)


async def client(number: int, port: int, request: bytes, tally: Tally, stopping: asyncio.Event) -> None:
    """One client: a connection of its own, one request after the other, patient where it is told to be."""
    connection = None
    while not stopping.is_set():
        try:
            connection = connection or await asyncio.open_connection("127.0.0.1", port)
            reader, writer = connection
            writer.write(request)
            await writer.drain()
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
            await reader.readexactly(int(re.search(r"content-length: (\d+)", head)[1]))
        except (OSError, asyncio.IncompleteReadError) as error:
            tally.broken[str(error) or type(error).__name__] += 1
            connection = None
            continue
        status = int(head.split()[1])
        tally.statuses[status] += 1
        if status == 200:
            tally.answered.append(time.monotonic())
            tally.of_clients[number] += 1
            tally.queued.append(float(re.search(r"queue;dur=([\d.]+)", head)[1]) / 1000)
        elif status == 429:
            pause = asyncio.create_task(stopping.wait())
            await asyncio.wait({pause}, timeout=int(re.search(r"retry-after: (\d+)", head)[1]))
            pause.cancel()
            # The server closes connections that are idle for a few seconds.
            writer.close()
            connection = None
    if connection:
        connection[1].close()


def report(tally: Tally, began: float, seconds: float, reference: float) -> None:
    """Print the figures."""
    in_time = sum(moment < began + seconds for moment in tally.answered)
    rate = in_time / seconds
    print(f"answers: {dict(tally.statuses)}")
    print(
        f"throughput: {rate:.2f} pictures/s, {rate / reference:.0%} of the {reference:.2f} that "
        "`deblurgan benchmark` gave before"
    )
    queued = sorted(tally.queued)
    print(f"in the queue: median {statistics.median(queued):.1f} s, 95 % {queued[int(0.95 * len(queued))]:.1f} s")
    counts = sorted(tally.of_clients[number] for number in range(max(tally.of_clients) + 1))
    print(f"pictures a client: {counts[0]} to {counts[-1]}, median {statistics.median(counts)}")
    middle = began + seconds / 2
    late = [size / 1e6 for moment, size in tally.resident if moment >= middle]
    print(f"memory in the second half: {min(late):.0f} to {max(late):.0f} MB, {late[0]:.0f} at its beginning")


if __name__ == "__main__":
    main()
