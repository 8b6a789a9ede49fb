"""Run by Alembic: writes the migrations as SQL into the script that `taskward.database.schema` passes."""

from alembic import context

attributes = context.config.attributes
context.configure(
    dialect_name=attributes["dialect"],
    dialect_opts={"paramstyle": "named"},  # otherwise a % would be doubled, for a driver with parameters
    output_buffer=attributes["script"],
    as_sql=True,
    literal_binds=True,
    transactional_ddl=False,  # the transaction, and the lock in it, belong to the caller
)
context.run_migrations()
