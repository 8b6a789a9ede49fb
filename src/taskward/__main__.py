from taskward.cli import app

app()
