"""PostgreSQL with the extension Citus: each table is distributed over several servers by its owner."""
