"""The service's own model, as botocore brings it: the judge of every answer. Knows nothing of this server."""

import functools

import botocore.session

NUMBERS = {"integer": int, "long": int, "float": (int, float), "double": (int, float), "timestamp": (int, float)}


@functools.cache
def service():
    """The Step Functions model of the installed botocore."""
    return botocore.session.get_session().get_service_model("stepfunctions")


def operations():
    """All operations' names."""
    return sorted(service().operation_names)


def modelled_errors():
    """Every pair of an operation and an error that the model says it may answer with."""
    return [
        (name, error.name) for name in operations() for error in service().operation_model(name).error_shapes
    ]


def members(operation):
    """The request members' shapes by name, and which of them are required."""
    shape = service().operation_model(operation).input_shape
    return dict(shape.members), list(shape.required_members)


def breaches(operation, answer):
    """Where an answer is not what the model says."""
    return list(_breaches(service().operation_model(operation).output_shape, answer, operation))


def _breaches(shape, value, path):
    kind = shape.type_name
    if kind == "structure":
        yield from _structure(shape, value, path)
    elif kind == "list":
        if not isinstance(value, list):
            yield f"{path} is not a list: {value!r}"
            return
        for position, entry in enumerate(value):
            yield from _breaches(shape.member, entry, f"{path}[{position}]")
    elif kind == "map":
        for key, entry in value.items():
            yield from _breaches(shape.value, entry, f"{path}.{key}")
    elif kind == "boolean":
        if not isinstance(value, bool):
            yield f"{path} is not a boolean: {value!r}"
    elif kind in NUMBERS:
        if isinstance(value, bool) or not isinstance(value, NUMBERS[kind]):
            yield f"{path} is not a number of type {kind}: {value!r}"
    elif not isinstance(value, str):
        yield f"{path} is not a text: {value!r}"
    elif getattr(shape, "enum", None) and value not in shape.enum:
        yield f"{path} is none of {shape.enum}: {value!r}"
    else:
        least, most = shape.metadata.get("min", 0), shape.metadata.get("max")
        if len(value) < least or (most is not None and len(value) > most):
            yield f"{path} has {len(value)} characters, allowed are {least} to {most}"


def _structure(shape, value, path):
    if not isinstance(value, dict):
        yield f"{path} is not an object: {value!r}"
        return
    for name in shape.required_members:
        if name not in value:
            yield f"{path}.{name} is missing"
    for name, entry in value.items():
        if name not in shape.members:
            yield f"{path}.{name} is unknown to the model"
        elif entry is None:
            yield f"{path}.{name} is null: what is not there must be absent"
        else:
            yield from _breaches(shape.members[name], entry, f"{path}.{name}")
