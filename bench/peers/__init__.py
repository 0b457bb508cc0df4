"""The same work done by others: a module for each, with what its worker runs and what its producer does.

Each has `prepare()`, `worker()` (the command of the worker), `submit(number)` and `left(count)`, which says
how many of `count` jobs are not over. Worker and producer are processes of their own; where their server or
file is, they read from BENCH_STORE.
"""
