"""What calls cost: CPU time of whoever calls, and of all the processes that answer."""

from __future__ import annotations

import os
from pathlib import Path

#: The first of those that answer; of a service of Diglot's, the server, whose process this one is as well.
_ROOT = int(os.environ.get("CALLEE_PID") or os.getppid())
_TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")


def cpu_seconds() -> float:
    """Of this process, and of the tree of those that answer, since they began."""
    parents, ticks = {}, {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            _, _, fields = stat.read_text().rpartition(") ")
        except OSError:
            # It has ended meanwhile.
            continue
        pid, columns = int(stat.parent.name), fields.split()
        # proc_pid_stat(5), from the third field: its parent, utime and stime.
        parents[pid], ticks[pid] = int(columns[1]), int(columns[11]) + int(columns[12])
    counted = {_ROOT, os.getpid()}
    while more := {pid for pid, parent in parents.items() if parent in counted} - counted:
        counted |= more
    return sum(ticks.get(pid, 0) for pid in counted) / _TICKS_PER_SECOND
