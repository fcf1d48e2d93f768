"""Grade a course of notebooks fast and safely, and prove that the course is right."""
