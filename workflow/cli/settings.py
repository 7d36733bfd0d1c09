"""`aeo settings`: every setting with its value, default and source."""

from workflow.cli.shared import Json, command, table
from workflow.settings import read_settings

app = command()


@app.command(help="Print every setting; secrets are masked.")
def settings(json: Json = False) -> None:
    table(read_settings().table(), ("variable", "value", "default", "source"), as_json=json, empty="")
