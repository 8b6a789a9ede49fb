"""Run by Alembic: writes the migrations as SQL into the script that `taskward.database.schema` gave."""

from alembic import context

attributes = context.config.attributes
context.configure(
    dialect_name=attributes["dialect"],
    dialect_opts={
        "paramstyle": "named"
    },  # else a % would be doubled, for a driver that takes parameters with it
    output_buffer=attributes["script"],
    as_sql=True,
    literal_binds=True,
    transactional_ddl=False,  # the transaction, and the lock in it, are the caller's
)
context.run_migrations()
