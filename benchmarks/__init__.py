"""Measure, and assert nothing."""
