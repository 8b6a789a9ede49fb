"""The order of the files, if several workers run them."""

from typing import Final

import pytest

LONGEST_FILES: Final = (
    "clients/test_schemathesis",
    "clients/test_typescript",
    "clients/test_generated",
    "clients/test_nextjs",
    "clients/test_web_app",
    "clients/test_follow_page",
    "clients/test_better_auth",
    "webhooks/test_changes",
    "faults/test_postgres",
    "faults/test_killed_changes",
    "tasks/test_conditional",
    "faults/test_network",
    "webhooks/test_faults",
    "webhooks/test_killed_services",
    "me/test_import",
    "webhooks/test_reminders",
    "faults/test_lost_writes",
    "test_server",
    "test_event_loop",
    "webhooks/test_operating",
    "tasks/test_lists",
    "faults/test_crashes",
    "changes/test_feed",
    "webhooks/test_sender",
    "changes/test_follower",
    "faults/test_large_changes",
    "tasks/test_ordering",
    "faults/test_sync_replication",
    "tasks/test_batch",
    "mcp_endpoint/test_mcp_endpoint",
    "faults/test_sqlite_file",
    "faults/test_hosts",
    "tasks/test_pending_reminders",
    "tasks/test_series",
    "tasks/test_concurrent_writes",
    "tasks/test_list_model",
    "idempotency/test_atomic_batches",
    "observability/test_workers",
    "observability/test_tracing",
    "changes/test_sse",
    "test_timeouts",
    "test_processes",
    "faults/test_unread",
    "database/test_row_level_security",
    "database/test_fair_searches",
    "database/test_schema",
    "test_protocol",
    "auth/test_hostile_tokens",
    "tasks/test_list_indexes",
    "test_log_console",
    "faults/test_connection_memory",
    "me/test_export",
    "users/test_restores",
    "webhooks/test_page",
    "tasks/test_model",
    "mutation/test_mutants",
    "auth/test_jwks_fetch",
    "test_promises",
    "test_prose",
    "test_series_races",
    "test_cli_tasks",
    "tasks/test_subtasks",
    "tasks/test_devices",
    "tasks/test_optional_fields",
    "database/test_index_builds",
    "database/test_long_search",
    "database/test_read_mark",
)
"""The files whose tests take long; those that mostly wait alternate with those that mostly compute."""


def put_longest_first(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Sorts the tests by file, so that no long one is left alone at the end."""
    tests = str(config.rootpath / "tests")
    order = {f"{tests}/{name}.py": n for n, name in enumerate(LONGEST_FILES)}
    items.sort(key=lambda item: order.get(str(item.path), len(order)))
