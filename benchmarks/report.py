"""How every benchmark says where and when it ran, and prints its times."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import numpy as np


def heading(name: str) -> None:
    """Prints what a line in RESULTS.md needs: command, commit, machine, date."""
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False
    ).stdout.strip()
    cpu = next(
        (
            line.partition(":")[2].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if "model name" in line
        ),
        platform.processor(),
    )
    print(f"## {name} · {datetime.now(UTC):%Y-%m-%d}")
    machine = f"{cpu}, {os.cpu_count()} cores · Python {platform.python_version()}"
    print(f"`python {' '.join(sys.argv)}` at {commit} · {machine}")


def percentiles(times_ms: Sequence[float]) -> str:
    """The median, 95th and 99th percentile of times in milliseconds."""
    p50, p95, p99 = np.percentile(times_ms, [50, 95, 99])
    return f"p50 {p50:.1f} ms, p95 {p95:.1f} ms, p99 {p99:.1f} ms"
