"""What a gate says: a figure for the reader, and each place where the course falls short of a promise."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Finding:
    """One place that falls short: where, what was expected, what came, what to do."""

    where: str
    expected: str
    came: str
    do: str = ""

    def __str__(self):
        return f"{self.where}: expected {self.expected}, got {self.came}. {self.do}".rstrip()


def first_of(said: list[str]) -> str:
    """Return the first of many things to say about one place, and how many more there are."""
    return said[0] + (f" (and {len(said) - 1} more)" if said[1:] else "")


@dataclass(frozen=True)
class Gate:
    """One promise held against the course: the figure measured, what falls short, and the numbers of each lesson."""

    name: str
    figure: str
    findings: tuple = ()
    numbers: dict = field(default_factory=dict)  # lesson -> {column of course_in_numbers: value}
    notes: tuple = ()  # worth a look, within the bar
