"""Turns verdicts into records: the only writer of cases, decisions, certificates, planned actions, mail and entries."""
