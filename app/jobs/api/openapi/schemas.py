"""`components.schemas`: what responses show, what bodies hold, and the tasks with their arguments."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import fields
from typing import Any, Final

from ...arguments.fields import JsonSchema
from ...arguments.json_schema import JsonSchemaConverter
from ...arguments.signature import schema_of_record
from ...job import Job
from ...schedules.triggers.combined import MOST
from ...schedules.triggers.parse import TYPES
from ...tasks.registry import TaskDefinition
from ...values import Batch, File, LogLine, Queue, Schedule, Step, Worker
from .. import schemas as bodies
from . import shapes
from .stats import Stats

Schemas = dict[str, JsonSchema]

_SHOWN: Final[Mapping[str, tuple[type, ...]]] = {
    "Job": (Job, shapes.JobShown, shapes.JobExplained),
    "ListedJob": (Job, shapes.JobShown, shapes.JobListed),
    "Attempt": (shapes.Attempt,),
    "Event": (shapes.Event,),
    "Step": (Step, shapes.StepShown),
    "File": (File,),
    "LogLine": (LogLine,),
    "Batch": (Batch,),
    "BatchAccepted": (shapes.BatchAccepted,),
    "BulkResult": (shapes.BulkResult,),
    "Task": (shapes.Task,),
    "Queue": (Queue, shapes.QueueShown),
    "Worker": (Worker,),
    "Threads": (shapes.Threads,),
    "Schedule": (Schedule,),
    "FireTime": (shapes.FireTime,),
    "Preview": (shapes.Preview,),
    "Stats": (Stats,),
    "Live": (shapes.Live,),
    "Ready": (shapes.Ready,),
    "Problem": (shapes.Problem,),
}
"""What a response shows: by the value, and by what it shows in another way or beside it."""
_LISTS: Final[Mapping[str, tuple[str, tuple[type, ...]]]] = {
    "JobPage": ("ListedJob", (shapes.OfJobPage,)),
    "LogPage": ("LogLine", (shapes.OfLogPage,)),
    **{f"{each}List": (each, ()) for each in (
        "Attempt", "Event", "Step", "File", "Task", "Queue", "Worker", "Schedule", "FireTime"
    )},
}  # fmt: skip
"""Lists: of what, and what stands beside `items`."""
_BODIES: Final = (
    bodies.SubmissionSchema, bodies.BatchSchema, bodies.EditSchema, bodies.ActionSchema,
    bodies.NewScheduleSchema, bodies.ScheduleSchema, bodies.PreviewSchema, bodies.QueueSchema,
    bodies.TaskSchema,
)  # fmt: skip
_BESIDE_ARGS: Final = ("task", "args")


def ref(name: str, kind: str = "schemas") -> dict[str, str]:
    """A reference to a component."""
    return {"$ref": f"#/components/{kind}/{name}"}


def component_of(task: str) -> str:
    """The name of a task within names of components, which take fewer characters; no two share one."""
    if not re.search("[^A-Za-z0-9._-]|-[0-9a-f]{2}-", task):
        return task
    return re.sub("[^A-Za-z0-9._]", lambda found: f"-{ord(found[0]):x}-", task)


def body_name(schema: type[Any]) -> str:
    """The name of the component of a body: `BatchSchema` is BatchBody."""
    return f"{schema.__name__.removesuffix('Schema')}Body"


def all_schemas(tasks: Mapping[str, TaskDefinition]) -> Schemas:
    """Every schema by its name."""
    return {**dict(shown_schemas()), **_body_schemas(tasks), **_trigger_schemas(), **_task_schemas(tasks)}


def shown_schemas(is_open: bool = True) -> Iterator[tuple[str, JsonSchema]]:
    """What responses show. `is_open`: a later version may show more, which clients are to ignore."""
    made = {name: {**_merged(parts), "description": _first_line(parts[0])} for name, parts in _SHOWN.items()}
    for name, (item, beside) in _LISTS.items():
        made[name] = _merged(beside, {"items": {"type": "array", "items": ref(item)}})
    for name, described in made.items():
        yield name, _opened(described) if is_open else described


def _merged(parts: Sequence[type], properties: JsonSchema | None = None) -> JsonSchema:
    """One object with the members of all `parts`, later ones in place of earlier ones."""
    properties = dict(properties or {})
    required = set(properties)
    for part in parts:
        described = JsonSchemaConverter().resolve_nested_schema(schema_of_record(part))
        properties |= described["properties"]
        required |= {*described.get("required", ())}
    return {
        "type": "object",
        "properties": properties,
        "required": sorted(required),
        "additionalProperties": False,
    }


def _opened(schema: Any) -> Any:
    if isinstance(schema, list):
        return [_opened(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    kept = {name: value for name, value in schema.items() if (name, value) != ("additionalProperties", False)}
    return {name: _opened(value) for name, value in kept.items()}


def _first_line(kind: type) -> str:
    return (kind.__doc__ or "").strip().partition("\n")[0]


def _body_schemas(tasks: Collection[str]) -> Schemas:
    named = {bodies.SubmissionSchema: ref("SubmissionBody")["$ref"]}
    made = {}
    for each in _BODIES:
        inside = {} if each is bodies.SubmissionSchema else named
        made[body_name(each)] = JsonSchemaConverter(inside).resolve_nested_schema(each())
        properties = made[body_name(each)]["properties"]
        if "trigger" in properties:
            properties["trigger"] = ref("Trigger")
            properties |= {"task": {"enum": sorted(tasks)}} if tasks and "task" in properties else {}
    # One value may stand for a list of one.
    words = made["ActionBody"]["properties"]["filter"]["properties"]
    for name, each in words.items():
        words[name] = {"anyOf": [each["items"], each]} if "items" in each else each
    # A change of a schedule may name any of its fields.
    made["SchedulePatch"] = {**made["ScheduleBody"], "required": []}
    return made


def _trigger_schemas() -> Schemas:
    """A schema for each type of trigger, by its words, and one for any."""
    made: Schemas = {}
    for kind, trigger in TYPES.items():
        words = {each.name for each in fields(trigger) if each.init}
        if kind == "or":
            described: JsonSchema = {"properties": {"timezone": {"type": ["string", "null"]}}}
            parts = [ref(f"Trigger.{name}") for name in TYPES if name != "or"]
            members = {"type": "array", "items": {"oneOf": parts}, "minItems": 1, "maxItems": MOST}
            described["properties"]["triggers"], described["required"] = members, ["triggers"]
        else:
            described = JsonSchemaConverter().resolve_nested_schema(schema_of_record(trigger))
        known = {name: each for name, each in described["properties"].items() if name in words}
        required = [name for name in described.get("required", ()) if name in words]
        made[f"Trigger.{kind}"] = {
            "type": "object",
            "description": _first_line(trigger),
            "properties": {"type": {"const": kind}, **known},
            "required": ["type", *required],
            "additionalProperties": False,
        }
    made["Trigger"] = _one_of("type", {kind: f"Trigger.{kind}" for kind in TYPES})
    return made


def _task_schemas(tasks: Mapping[str, TaskDefinition]) -> Schemas:
    """For each task its arguments, and a submission of it; and a submission of any."""
    if not tasks:
        return {}
    options = JsonSchemaConverter().resolve_nested_schema(bodies.SubmissionSchema())
    del options["additionalProperties"], options["required"]
    options["properties"] = {
        name: value for name, value in options["properties"].items() if name not in _BESIDE_ARGS
    }
    made: Schemas = {"JobOptions": options}
    for name, task in sorted(tasks.items()):
        args, component = task.arguments.json_schema(), component_of(name)
        made[f"Args.{component}"] = args
        made[f"Submit.{component}"] = {
            "type": "object",
            "description": task.description,
            "allOf": [ref("JobOptions")],
            "properties": {"task": {"const": name}, "args": ref(f"Args.{component}")},
            "required": ["task", *(["args"] if args.get("required") else [])],
            "unevaluatedProperties": False,
        }
    made["SubmissionBody"] = _one_of("task", {name: f"Submit.{component_of(name)}" for name in sorted(tasks)})
    return made


def _one_of(key: str, named: Mapping[str, str]) -> JsonSchema:
    mapping = {value: ref(name)["$ref"] for value, name in named.items()}
    parts = [ref(name) for name in named.values()]
    return {"oneOf": parts, "discriminator": {"propertyName": key, "mapping": mapping}}
