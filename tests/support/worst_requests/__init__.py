"""The largest legal request of each route, operation of a batch and tool, and what others notice of it."""
