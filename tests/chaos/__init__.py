"""Whole systems with real processes, broken on purpose."""
