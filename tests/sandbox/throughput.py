"""Measure the sandbox: pages of 100 charges a second, and its CPU time per page.

Run: python tests/sandbox/throughput.py [PAGES]
"""

from __future__ import annotations

import http.client
import json
import resource
import subprocess
import sys
import time
from pathlib import Path

CHARGES = 1_000_000


def main() -> None:
    pages = int(sys.argv[1]) if len(sys.argv) > 1 else 500
    command = [sys.executable, "-m", "tap_stripe.sandbox"]
    with subprocess.Popen(
        [*command, "--size", f"charges={CHARGES}"],
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
    ) as server:
        assert server.stdout is not None
        port = int(server.stdout.readline().rsplit(":", 1)[1])
        connection = http.client.HTTPConnection("127.0.0.1", port)
        headers = {"Authorization": "Bearer sk_test_sandbox"}
        cursor, size = "", 0
        begun = time.perf_counter()
        for _ in range(pages):
            path = f"/v1/charges?limit=100{cursor}"
            connection.request("GET", path, headers=headers)
            body = connection.getresponse().read()
            size += len(body)
            cursor = "&starting_after=" + json.loads(body)["data"][-1]["id"]
        seconds = time.perf_counter() - begun
        server.terminate()
        server.wait()
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu_ms = 1_000 * (used.ru_utime + used.ru_stime) / pages
    sys.stdout.write(
        f"{pages / seconds:.0f} pages/s with one client that decodes them,"
        f" {size / pages / 100:.0f} bytes a charge,"
        f" {cpu_ms:.2f} ms CPU a page with the start,"
        f" {used.ru_maxrss / 1024:.0f} MB\n"
    )


if __name__ == "__main__":
    main()
