"""Claims jobs, hands them to an engine, and writes their outcomes."""
