"""Taskward: the task backend behind your own front end."""

__version__ = "0.1.0"
