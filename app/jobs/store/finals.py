"""What follows in the same transaction when jobs have become final, whoever ended them; and when they go on.

Downwards only, from parents to those that wait for them, in the order of ids: transactions that meet at one
job or batch wait for each other, but not in a circle.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from ..database.transactions import AnyConnection
from ..states import CANCELLED
from . import batches, cancellation, deliveries, dependants, parents, unique_keys
from .parents import Parent


class Final(NamedTuple):
    """A job that has become final, as its row said under the lock, and the state that it has entered.

    `awaited`: its end concerns others, those that wait for it, its batch, or whoever its callback calls.
    """

    job_id: str
    state: str
    unique_key: str | None
    awaited: bool | None
    batch_id: str | None

    @classmethod
    def of(cls, row: Any, state: str) -> Final:
        """Of the row of a job that enters that state."""
        return cls(row.id, state, row.unique_key, row.awaited, row.batch_id)


def follow(conn: AnyConnection, finals: Sequence[Final], now: datetime) -> list[str]:
    """Count them in their batches, unblock or cancel what waits for them, transitively; free their keys.

    A delivery is submitted for each that has a callback. The ids of those that were cancelled by it.
    """
    every, ended = list(finals), [final for final in finals if final.awaited]
    while ended:
        ended_batches = batches.count_ends(conn, ended)
        found = [Parent.job(final.job_id, final.state) for final in ended]
        found += [Parent.batch(row.id, row.pending, row.failed) for row in ended_batches]
        states = {final.job_id: final.state for final in ended}
        ended = _tell_dependants(conn, {parent.id: parent for parent in found}, states, now)
        every += ended
    if unique := [final.job_id for final in every if final.unique_key is not None]:
        unique_keys.release(conn, unique)
    return [final.job_id for final in every[len(finals) :]]


def go_on(conn: AnyConnection, restarted: Sequence[Final], now: datetime) -> None:
    """Jobs that were final are to run once more: who waits for them waits longer.

    Those that were cancelled for them wait again, unless another parent of theirs has failed; transitively.
    """
    ended = [final for final in restarted if final.awaited]
    while ended:
        ids = [*(final.job_id for final in ended), *batches.count_restarts(conn, ended)]
        waits, _ = dependants.waiting(conn, ids)
        dependants.keep_waiting(conn, ((row.id, row.unmet + len(of_row)) for row, of_row in waits))
        ended = _restore_dependants(conn, ids, now)


def _tell_dependants(
    conn: AnyConnection, ended: Mapping[str, Parent], states: Mapping[str, str], now: datetime
) -> list[Final]:
    """Those that were cancelled by it. `states` are those of the jobs among what has ended."""
    broken: list[tuple[Any, str | None]] = []
    kept, met = [], []
    found, called = dependants.waiting(conn, ended)
    for row, ids in found:
        if failed := parents.broken([ended[id] for id in ids], row.on_dependency):
            broken.append((row, failed.words))
        elif unmet := row.unmet - len(ids):
            kept.append((row.id, unmet))
        else:
            met.append(row)
    dependants.keep_waiting(conn, kept)
    dependants.unblock(conn, met, now)
    cancellation.cancel(conn, broken, now, waits_again=True)
    if called:
        deliveries.tell(conn, "callback", {id: states[id] for id in called}, now)
    return [Final.of(row, CANCELLED) for row, _ in broken]


def _restore_dependants(conn: AnyConnection, restarted: Iterable[str], now: datetime) -> list[Final]:
    """Those that wait again by it, as the final jobs that they were."""
    rows = dependants.cancelled(conn, restarted)
    wanted = {row.id: parents.ids_of(row.depends_on) for row in rows}
    # Under lock: one that ends meanwhile would not find a job that is cancelled.
    known = parents.lock(conn, [id for ids in wanted.values() for id in ids]) if rows else {}
    restored = []
    for row in rows:
        of_row = parents.in_order(known, row.depends_on)
        is_whole = parents.broken(of_row, row.on_dependency) is None
        if is_whole and unique_keys.take_again(conn, row, now) == row.id:
            restored.append((row, parents.unmet(of_row, row.on_dependency)))
    dependants.restore(conn, restored, now)
    return [Final.of(row, CANCELLED) for row, _ in restored]
