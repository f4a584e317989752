"""Imported by the fork server: its children start with the job kinds loaded."""

from jobs.kit.kinds import catalogue

catalogue()
