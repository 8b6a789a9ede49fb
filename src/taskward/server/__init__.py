"""The HTTP server. This module imports nothing: see `worker.py`."""
