"""Lessons whose second edition has not landed: the gates of that edition do not hold them, nor their exercises, yet.

Who lands a second edition takes its name out; when none is left, this module goes.
"""

# the lines between let two authors take out neighbours without a conflict
FIRST_EDITION = {
    #
    #
    #
    #
    #
    #
    #
    #
    #
    #
}


def second(found: list) -> list:
    """Return those of the sources or subjects whose lesson has its second edition."""
    return [one for one in found if one.name not in FIRST_EDITION]


def waiting(found: list) -> str:
    """Return how many wait, as a figure's ending."""
    count = len(found) - len(second(found))
    return f"; {count} wait for their second edition" if count else ""
