"""The course as a website: its executed lessons and exercises, and pages made from their own cells and data."""
