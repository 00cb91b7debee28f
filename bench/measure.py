# Runs one command to its end and writes, as one line of JSON to the file named first, the wall time (s), the
# user and system CPU time (s) of it and the children it waited for, and the peak memory (KiB) of the largest of them.
import json
import os
import sys
import time

started = time.monotonic()
child = os.posix_spawnp(sys.argv[2], sys.argv[2:], os.environ)
_, status, usage = os.wait4(child, 0)
ended = time.monotonic()
peak = usage.ru_maxrss // 1024 if sys.platform == "darwin" else usage.ru_maxrss
with open(sys.argv[1], "w") as out:
    json.dump({"wall": ended - started, "cpu": usage.ru_utime + usage.ru_stime, "rss": peak}, out)
code = os.waitstatus_to_exitcode(status)
sys.exit(code if code >= 0 else 128 - code)
