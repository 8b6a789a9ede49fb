"""The order of the files, if several workers run them."""

from typing import Final

import pytest

LONGEST_FILES: Final = (
    *("faults/test_postgres", "clients/test_schemathesis", "faults/test_network", "clients/test_typescript"),
    *(
        "webhooks/test_changes",
        "clients/test_generated",
        "webhooks/test_operating",
        "database/test_read_mark",
    ),
    *("test_server", "test_event_loop", "faults/test_hosts", "faults/test_large_changes"),
    *("changes/test_follower", "tasks/test_conditional", "faults/test_sync_replication", "me/test_import"),
    *("changes/test_feed", "faults/test_connection_memory", "test_timeouts", "tasks/test_batch"),
    *("faults/test_killed_changes", "tasks/test_lists", "changes/test_sse", "clients/test_better_auth"),
    *("faults/test_lost_writes", "observability/test_tracing", "database/test_row_level_security"),
    *("faults/test_crashes", "faults/test_sqlite_file", "database/test_fair_searches", "test_protocol"),
    *("clients/test_follow_page", "database/test_schema", "database/test_long_search", "tasks/test_model"),
    *("observability/test_workers", "mutation/test_mutants", "idempotency/test_atomic_batches"),
    *("faults/test_unread", "auth/test_jwks_fetch", "auth/test_hostile_tokens", "auth/test_jwks"),
    *(
        "test_processes",
        "test_promises",
        "test_prose",
        "mcp_endpoint/test_mcp_endpoint",
        "test_series_races",
        "test_cli_tasks",
    ),
    *("tasks/test_list_model", "tasks/test_subtasks", "tasks/test_devices", "tasks/test_optional_fields"),
    *("database/test_index_builds", "tasks/test_concurrent_writes", "lists/test_list_deletion"),
)
"""The files whose tests take long; those that mostly wait alternate with those that mostly compute."""


def put_longest_first(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Sorts the tests by file, so that no long one is left alone at the end."""
    tests = str(config.rootpath / "tests")
    order = {f"{tests}/{name}.py": n for n, name in enumerate(LONGEST_FILES)}
    items.sort(key=lambda item: order.get(str(item.path), len(order)))
