"""The only place with SQL, and the only place that changes a state.

One function for each verb of the state machine; each takes an open Connection and is a single guarded
statement with its event in the same transaction. Losing a race is a normal result, never an error.
"""
