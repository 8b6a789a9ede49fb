"""The order of the files, if several workers run them."""

from pathlib import PurePath
from typing import Final

import pytest

WAITING_FILES: Final = (
    "webhooks/test_changes",
    "webhooks/test_reminders",
    "test_server",
    "faults/test_postgres",
    "faults/test_sync_replication",
    "faults/test_network",
    "changes/test_follower",
    "changes/test_feed",
    "faults/test_hosts",
    "webhooks/test_operating",
    "test_timeouts",
    "faults/test_sqlite_file",
    "faults/test_killed_changes",
    "database/test_row_level_security",
    "faults/test_takeover",
    "webhooks/test_daylight_saving",
    "changes/test_sse",
    "copies/test_copying",
    "copies/test_interruptions",
    "faults/test_connection_memory",
    "tasks/test_pending_reminders",
    "faults/test_rolling_restart",
    "webhooks/test_passed_reminders",
    "test_processes",
    "idempotency/test_atomic_batches",
    "test_protocol",
    "auth/test_jwks_fetch",
    "faults/test_killed_deliveries",
    "tasks/test_devices",
    "tasks/test_concurrent_writes",
    "database/test_index_builds",
    "webhooks/test_wakeups",
    "database/test_schema",
    "test_log_console",
    "webhooks/test_faults",
    "test_admission",
    "database/test_write_batching",
    "test_fair_semaphore",
    "webhooks/test_full_pages",
    "webhooks/test_sender",
)
"""The files whose tests take long, and mostly wait."""

COMPUTING_FILES: Final = (
    "database/test_statement_plans",
    "clients/test_schemathesis",
    "clients/test_typescript",
    "clients/test_generated",
    "clients/test_nextjs",
    "clients/test_wheel_installation",
    "clients/test_web_app",
    "clients/test_web_app_access",
    "clients/test_web_app_sync",
    "clients/test_follow_page",
    "clients/test_better_auth",
    "faults/test_crashes",
    "test_event_loop",
    "tasks/test_lists",
    "faults/test_large_changes",
    "observability/test_tracing",
    "faults/test_unread",
    "test_promises",
    "mcp_endpoint/test_mcp_endpoint",
    "lists/test_list_deletion",
    "tasks/test_list_model",
    "database/test_pooler",
    "me/test_erasure",
    "tasks/test_batch",
    "faults/test_lost_writes",
    "tasks/test_ordering",
    "database/test_long_search",
    "faults/test_streams",
    "me/test_import",
    "mutation/test_mutants",
    "database/test_fair_searches",
    "me/test_import_domain",
    "database/test_reads_beside_writers",
    "tasks/test_model",
    "auth/test_jwks",
    "test_series_races",
    "tasks/test_subtasks",
    "auth/test_attacks",
    "tasks/test_conditional",
    "labels/test_labels",
    "faults/test_locked_owners",
    "observability/test_metrics",
    "tasks/test_list_indexes",
    "tasks/test_filters",
    "test_send_budget",
    "tasks/recurrence/test_days",
    "webhooks/test_page",
    "copies/test_refusals",
    "auth/test_development",
    "faults/test_keyed_creates",
    "database/test_sqlite",
    "lists/test_my_lists",
    "idempotency/test_execution",
)
"""The files whose tests take long, and mostly compute."""


def put_longest_first(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Sorts the tests by file, so that no long one is left alone at the end."""
    tests = str(config.rootpath / "tests")
    order = {f"{tests}/{name}.py": n for n, name in enumerate((*WAITING_FILES, *COMPUTING_FILES))}
    items.sort(key=lambda item: order.get(str(item.path), len(order)))


def mostly_waits(path: PurePath) -> bool:
    """Returns whether the tests of a file mostly wait."""
    return f"{path.parent.name}/{path.stem}" in WAITING_FILES or path.stem in WAITING_FILES
