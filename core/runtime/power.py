"""Whether this computer runs on its battery."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

SUPPLIES = Path("/sys/class/power_supply")
"""Where Linux describes each source of power, in a folder of its own."""
_ASK_LIMIT_S = 5.0
_WINDOWS_ON_BATTERY = 0


def on_battery() -> bool:
    """Whether the battery is all there is. False where there is none, or the system does not say."""
    if sys.platform == "darwin":
        return _says_battery(_ask("/usr/bin/pmset", "-g", "batt"))
    if sys.platform == "win32":
        return _windows_on_battery()
    discharging = False
    for supply in sorted(SUPPLIES.glob("*")):
        kind = _read(supply / "type")
        if kind != "Battery" and _read(supply / "online") == "1":  # mains, or a charger on USB
            return False
        # the batteries of mice and headsets have the scope Device
        if kind == "Battery" and _read(supply / "scope") != "Device":
            discharging |= _read(supply / "status") == "Discharging"
    return discharging


def _read(path: Path) -> str:
    try:
        return path.read_text("ascii", "replace").strip()
    except OSError:
        return ""


def _ask(*command: str) -> str:
    try:
        asked = subprocess.run(command, capture_output=True, text=True, check=False, timeout=_ASK_LIMIT_S)  # noqa: S603
    except (OSError, subprocess.SubprocessError):
        return ""
    return asked.stdout


def _says_battery(answer: str) -> bool:
    return "'Battery Power'" in answer.partition("\n")[0]


def _windows_on_battery() -> bool:
    import ctypes

    class Status(ctypes.Structure):
        _fields_ = (("ac_line", ctypes.c_byte), ("others", ctypes.c_byte * 3), ("times", ctypes.c_ulong * 2))

    status, system = Status(), getattr(ctypes, "windll").kernel32  # noqa: B009 - elsewhere it is not declared
    return bool(system.GetSystemPowerStatus(ctypes.byref(status))) and status.ac_line == _WINDOWS_ON_BATTERY
