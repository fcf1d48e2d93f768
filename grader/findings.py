"""What a gate says where the course falls short of a promise."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """One place that falls short: where, what was expected, what came, what to do."""

    where: str
    expected: str
    came: str
    do: str = ""

    def __str__(self):
        return f"{self.where}: expected {self.expected}, got {self.came}. {self.do}".rstrip()
