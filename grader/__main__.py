import os
import sys

from grader.cli import main

code = main()
sys.stdout.flush()
sys.stderr.flush()
os._exit(code)  # not sys.exit: torch's compiled bindings print pages about leaks when the interpreter is torn down
