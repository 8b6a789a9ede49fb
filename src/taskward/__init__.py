"""Taskward: the task backend behind your own front end."""

from importlib.metadata import version

__version__ = version("taskward")
