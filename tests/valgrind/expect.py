#!/usr/bin/env python3
"""expect.py CODE COMMAND...: runs a command; fails when it ends with another code, and shows what it said.

May assume: nothing. Never writes anything.
"""
import subprocess
import sys

done = subprocess.run(sys.argv[2:], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
if done.returncode != int(sys.argv[1]) or b"==" in done.stdout:  # valgrind's lines begin with ==PID==
    sys.stdout.write(done.stdout.decode("utf-8", "replace"))
    sys.exit(f"exit code {done.returncode}, expected {sys.argv[1]}")
