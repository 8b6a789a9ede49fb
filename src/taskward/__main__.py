from taskward.cli import app

app(prog_name="taskward")  # also as `python -m taskward`
