"""What stands on top of a page of feedback: each exercise with its points and the first thing to mend."""

import re
from collections.abc import Container
from dataclasses import dataclass

from nbformat import NotebookNode

from grader import notebooks

HEADING = re.compile(r"^#{1,4} +(.+?)(?: *\([^()]*\bpoints?\b[^()]*\))? *#*$", re.M)
SAID = re.compile(r"^- (?:[\w.-]+: )?(.+)$", re.M)  # a line of the comment that a verdict makes
LONGEST = 200  # characters


@dataclass
class Exercise:
    """One exercise: its title, where it stands in the page, its points; a message where some are missing."""

    title: str
    anchor: str
    points: float = 0.0
    most: float = 0.0
    waits: bool = False
    message: str = ""

    @property
    def state(self) -> str:
        """Return right, waits or open."""
        return "waits" if self.waits else "right" if self.points >= self.most else "open"


def exercises(notebook: NotebookNode, waiting: Container[str] = ()) -> list[Exercise]:
    """Return the exercises of a notebook that carries its grades: tests belong to the answer before them.

    Only what the course wrote gives a title. `waiting` holds the cells whose points wait for a person.
    """
    found: list[Exercise] = []
    title, answer = "", None
    for cell in notebook.cells:
        info = notebooks.graded(cell)
        if cell.cell_type == "markdown" and not (info.get("solution") or cell.metadata.get("grader")):
            headings = HEADING.findall(cell.source)
            title = headings[-1] if headings else title
        name = info.get("grade_id", "")
        if info.get("solution") or info.get("task") or info.get("grade") and answer is None:
            answer = Exercise(title or name, name)
            found.append(answer)
            title = ""
        if answer and (info.get("grade") or info.get("task")):
            answer.points += info.get("score") or 0.0
            answer.most += info.get("points") or 0.0
            answer.waits |= name in waiting
        if answer and info.get("comment"):
            said = SAID.search(info["comment"])
            answer.message = said[1][:LONGEST] if said else ""
    return [one for one in found if one.most]
