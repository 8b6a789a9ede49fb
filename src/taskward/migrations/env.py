"""Run by Alembic: writes the migrations as SQL into the script that `taskward.database.schema` gave."""

from alembic import context

attributes = context.config.attributes
context.configure(
    dialect_name=attributes["dialect"],
    output_buffer=attributes["script"],
    as_sql=True,
    literal_binds=True,
    transactional_ddl=False,  # the transaction, and the lock in it, are the caller's
)
context.run_migrations()
