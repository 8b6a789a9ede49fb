"""The reminders that each member of a space has for its tasks: docs/contract.md#own-reminders."""
