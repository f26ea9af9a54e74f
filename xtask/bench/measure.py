"""Runs a command and prints what it cost as one line of JSON: `measure.py STDIN STDOUT COMMAND…`.

wall_us is from before the start to after the end of the whole process, cpu_us what all its threads spent in user and
system mode, peak_kib the most memory that it held at once. Linux counts what this small program held when it started
the command into that peak, so no peak is below about 9 MiB.
"""

import os
import sys
import time

STDIN, STDOUT, *COMMAND = sys.argv[1:]
FILES = [
    (os.POSIX_SPAWN_OPEN, 0, STDIN, os.O_RDONLY, 0),
    (os.POSIX_SPAWN_OPEN, 1, STDOUT, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644),
]

started = time.perf_counter_ns()
child = os.posix_spawn(COMMAND[0], COMMAND, os.environ, file_actions=FILES)
_, status, used = os.wait4(child, 0)
wall_us = (time.perf_counter_ns() - started) // 1_000
cpu_us = int((used.ru_utime + used.ru_stime) * 1_000_000)
exit_code = os.waitstatus_to_exitcode(status)
print(f'{{"wall_us": {wall_us}, "cpu_us": {cpu_us}, "peak_kib": {used.ru_maxrss}, "exit_code": {exit_code}}}')
