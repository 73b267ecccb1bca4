"""`kefu`: serve, try, look."""

import click

from kefu.cli.doctor import doctor
from kefu.cli.importing import import_
from kefu.cli.serve import serve
from kefu.cli.store import store
from kefu.cli.table import table
from kefu.cli.tenant import tenant
from kefu.cli.trying import demo, explain, schema, token


@click.group()
def main() -> None:
    """Customer-service routing that you run yourself."""


for command in (serve, demo, tenant, token, schema, explain, doctor, store, table, import_):
    main.add_command(command)
