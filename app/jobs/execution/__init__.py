"""How one run of a job goes: no threads, no SQL."""
