"""Prove the course: every promise about its lessons, exercises and numbers."""
