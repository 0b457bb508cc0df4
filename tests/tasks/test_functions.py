"""Which functions can be tasks, and when a second one of a name is the first one seen again."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest

from app.jobs import Simmer, Task
from app.jobs.errors import TaskDefinitionError


async def coroutine() -> None: ...


async def stream() -> AsyncIterator[int]:
    yield 1


def count() -> Iterator[int]:
    yield 1


class Tasks:
    """Functions in a class, in all their kinds."""

    def plain(self) -> None: ...

    @classmethod
    def of_class(cls) -> None: ...

    @staticmethod
    def static() -> None: ...


class Callable_:
    """An object that can be called."""

    def __call__(self, x: int = 1) -> int:
        return x


class Awaitable_:
    async def __call__(self) -> None: ...


REFUSED: list[tuple[Any, str]] = [
    (coroutine, "is a coroutine function"),
    (functools.partial(coroutine), "is a coroutine function"),
    (Awaitable_(), "is a coroutine function"),
    (stream, "is a generator function"),
    (count, "is a generator function"),
    (Tasks.plain, "is a method"),
    (Tasks().plain, "is a method"),
    (Tasks.of_class, "is a method"),
    (vars(Tasks)["of_class"], "is a method"),
    (vars(Tasks)["static"], "is a method"),
    (Tasks.static, "is a method"),
    (Tasks, "is a class"),
    (7, "cannot be called"),
]


@pytest.mark.parametrize(("function", "why"), REFUSED)
def test_what_a_job_could_not_call_is_refused_at_the_decorator(function: Any, why: str) -> None:
    """With a name of its own or without, as a task and as a schedule, saying why."""
    jobs = Simmer()
    for register in (jobs.task("work"), jobs.schedule("interval", hours=1)):
        with pytest.raises(TaskDefinitionError, match=f"{why}|cannot be a task|has no name"):
            register(function)
    with pytest.raises(TaskDefinitionError, match=why):
        jobs.task("work")(function)
    assert not jobs.registry.tasks


@pytest.mark.parametrize("function", [functools.partial(print, 1), Callable_(), Callable_().__call__])
def test_what_has_no_name_is_asked_for_one(function: Any) -> None:
    """A partial and an object that can be called: with a name they are tasks, a method never is."""
    jobs = Simmer()
    with pytest.raises(TaskDefinitionError, match=r"has no name|is a method"):
        jobs.task(function)


@pytest.mark.parametrize("function", [functools.partial(max, 1, 1), Callable_()])
def test_what_has_no_name_can_be_given_one(function: Any) -> None:
    """By position and as name=."""
    jobs = Simmer()
    assert jobs.task("named")(function)() == 1
    assert jobs.task(name="other")(function).name == "other"


def test_a_function_that_runs_a_coroutine_is_a_task() -> None:
    """A decorator that makes a plain function of a coroutine function is what counts."""

    @functools.wraps(coroutine)
    def runs() -> None:
        asyncio.run(coroutine())

    assert Simmer().task(runs).name == "coroutine"


def test_the_name_may_be_said_by_name() -> None:
    """@jobs.task(name="x", …) is @jobs.task("x", …), as Celery's users write it."""
    task = Simmer().task(name="reports.build", queue="reports")(lambda: 1)
    assert (task.name, task.definition.options["queue"]) == ("reports.build", "reports")


def bare(function: Callable[..., Any]) -> Callable[..., Any]:
    """A decorator that forgets functools.wraps."""

    def wrapper(*args: Any, **kwargs: Any) -> Any:
        return function(*args, **kwargs)

    return wrapper


def behind_one_decorator(jobs: Simmer) -> None:
    jobs.task(bare(lambda: 1))
    jobs.task(bare(lambda: 2))


def two_lambdas(jobs: Simmer) -> None:
    jobs.task(lambda: 1)
    jobs.task(lambda: 2)


def in_a_loop(jobs: Simmer) -> None:
    for number in range(2):

        @jobs.task
        def sync(number: int = number) -> int:
            return number


@pytest.mark.parametrize(
    ("register", "words"),
    [
        (behind_one_decorator, "made by the same code.*functools.wraps"),
        (in_a_loop, "made by the same code.*a loop"),
        (two_lambdas, "give one of them another name"),
    ],
)
def test_a_second_function_under_one_name_does_not_replace_the_first(
    register: Callable[[Simmer], None], words: str
) -> None:
    """Behind one decorator, as lambdas and from a loop: refused with file and line of both."""
    with pytest.raises(TaskDefinitionError, match=rf"{words}") as caught:
        register(Simmer())
    assert str(caught.value).count(__file__) == 2


def test_functions_behind_one_decorator_with_wraps_are_two() -> None:
    """They are what they wrap, and each has the place of its own."""

    def wrapped(function: Callable[..., Any]) -> Callable[..., Any]:
        return functools.wraps(function)(bare(function))

    jobs = Simmer()
    jobs.task(wrapped(two_lambdas))
    jobs.task(wrapped(in_a_loop))
    assert set(jobs.registry.tasks) == {"two_lambdas", "in_a_loop"}
    line = in_a_loop.__code__.co_firstlineno
    assert jobs.registry.get("in_a_loop").place.endswith(f"in_a_loop at {__file__}:{line}")


SOURCE = """
@jobs.task
def report():
    return {version}
"""


def load(
    jobs: Simmer, source: str, file: str | None = "/srv/tasks.py", module: str = "tasks"
) -> Task[..., Any]:
    """Compile and run the source of a module that defines the task `report`; without a file, a cell."""
    names: dict[str, Any] = {"jobs": jobs, "__name__": module, **({"__file__": file} if file else {})}
    exec(compile(source, file or f"<cell {len(source)} {id(source)}>", "exec"), names)
    task: Task[..., Any] = names["report"]
    return task


def test_a_reload_registers_the_new_code() -> None:
    """The same place of the same file: what it does now is the task."""
    jobs = Simmer()
    load(jobs, SOURCE.format(version=1))
    second = load(jobs, SOURCE.format(version=2))
    assert jobs.registry.get("report") is second.definition


def test_a_cell_that_is_run_again_registers_the_new_code() -> None:
    """In a notebook and at a prompt each cell is another file, and lines may have moved."""
    jobs = Simmer()
    load(jobs, SOURCE.format(version=1), file=None)
    second = load(jobs, "\n\n" + SOURCE.format(version=2), file=None)
    assert jobs.registry.get("report") is second.definition


@pytest.mark.parametrize(
    ("source", "words"),
    [
        (SOURCE + SOURCE, "give one of them another name"),
        ("for _ in (1, 2):\n  @jobs.task\n  def report(): ...", "loop"),
    ],
)
def test_a_second_one_in_the_same_file_is_no_reload(source: str, words: str) -> None:
    """Another line of it, or a loop over the same lines."""
    with pytest.raises(TaskDefinitionError, match=words):
        load(Simmer(), source.format(version=1))


def test_a_file_that_was_loaded_twice_is_named() -> None:
    """As the program that runs and as a module: the tasks of both would be two."""
    jobs = Simmer()
    load(jobs, SOURCE.format(version=1), module="__main__")
    with pytest.raises(TaskDefinitionError, match="loaded twice, as the modules '__main__' and 'tasks'"):
        load(jobs, SOURCE.format(version=1))


def test_the_same_function_may_be_registered_again() -> None:
    """Whatever its place: nothing is replaced."""

    def report() -> None: ...

    jobs = Simmer()
    assert jobs.task(report).definition is not jobs.task(report).definition
