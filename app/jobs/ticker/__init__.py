"""Housekeeping, a duty a file: a duty runs once and answers in how many seconds it is due again."""
