"""Reading source texts, in one thread or several."""

import gc
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

from grader import names

MANY = "\n".join(f"def f{i}(x):\n    return [x + {i} * y for y in (1, (2, (3, 4)))]" for i in range(60))


class Knot:
    """What only the garbage collector can free; freeing it runs Python, and so lets another thread in."""

    def __init__(self):
        self.me = self

    def __del__(self):
        for _ in range(50):
            threading.get_ident()


def test_threads_read_at_the_same_time():
    def read(_):
        Knot()
        return len(names.parse(MANY).body)

    often, interval = gc.get_threshold(), sys.getswitchinterval()
    gc.set_threshold(10)
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(4) as threads:
            assert set(threads.map(read, range(300))) == {60}
    finally:
        gc.set_threshold(*often)
        sys.setswitchinterval(interval)
