"""Recurrence: arithmetic on days, without a database and without the time of a day where it can be avoided.

`rule.py` parses a rule, `days.py` finds its days, and `next_day.py` the day on which a task is due next.
"""
