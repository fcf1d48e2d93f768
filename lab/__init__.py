"""Run the course: set it up, open it, hand it out, play a class."""
