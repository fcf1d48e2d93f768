# A failed test shows its message alone: the test's source stands in the cell, and frames above it tell a learner nothing.


def _shorten_failures():
    def show(shell, kind, failure, frames, tb_offset=None):
        if str(failure):
            shell._showtraceback(kind, failure, [f"\x1b[1m{kind.__name__}\x1b[22m: {failure}"])
        else:  # an assert without a message: the frames are all there is
            lines = shell.InteractiveTB.structured_traceback(kind, failure, frames, tb_offset)
            shell._showtraceback(kind, failure, lines)

    get_ipython().set_custom_exc((AssertionError,), show)  # noqa: F821


_shorten_failures()
del _shorten_failures
