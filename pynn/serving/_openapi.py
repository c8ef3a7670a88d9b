"""The description of a served model, by OpenAPI 3.1."""

from __future__ import annotations

from typing import Any

from pynn import _core
from pynn.serving._arrow import MEDIA_TYPE
from pynn.serving._served import InputField, Served

_PROBLEMS = {
    "400": "The body cannot be read.",
    "408": "The body did not arrive in time.",
    "413": "The body is too long, or has too many rows.",
    "415": "The body is of another type.",
    "422": "The body does not fit the model.",
    "503": "Too many requests are waiting; Retry-After says when to come again.",
}
_VALUES = {"any": ["number", "string", "boolean", "null"]}


def description(served: Served, name: str, max_rows: int) -> dict[str, Any]:
    """Return the description.

    Parameters
    ----------
    served : Served
    name : str
    max_rows : int
    """
    posting = _posting(served)
    ready = _getting("Whether requests are taken now.", ("503",))
    return {
        "openapi": "3.1.0",
        "info": {
            "title": name,
            "version": _core.__version__,
            "summary": f"Predictions of a {served.kind} of pynn's.",
        },
        "paths": {
            "/predict": {"post": posting},
            f"/v1/models/{name}:predict": {
                "post": {**posting, "summary": "The same, by KServe's first protocol."}
            },
            f"/v1/models/{name}": {"get": _getting("Whether the model is ready.")},
            "/healthz": {"get": _getting("Whether the process lives.")},
            "/readyz": {"get": ready},
            "/metrics": {"get": _getting("Metrics in Prometheus's text form.", (), "text/plain")},
        },
        "components": {
            "schemas": {
                "Problem": {"type": "object", "properties": {"error": {"type": "string"}}},
                "Request": _request(served, max_rows),
                "Answer": _answer(served),
            }
        },
    }


def _reference(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}


def _problems(statuses: Any) -> dict[str, Any]:
    content = {"application/json": {"schema": _reference("Problem")}}
    return {each: {"description": _PROBLEMS[each], "content": content} for each in statuses}


def _getting(summary: str, problems: Any = (), kind: str = "application/json") -> dict[str, Any]:
    answers = {"200": {"description": summary, "content": {kind: {}}}, **_problems(problems)}
    return {"summary": summary, "responses": answers}


def _posting(served: Served) -> dict[str, Any]:
    return {
        "summary": "Predict for rows.",
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {"schema": _reference("Request"), "example": _example(served)},
                MEDIA_TYPE: {},
            },
        },
        "responses": {
            "200": {
                "description": "A prediction for each row, in order.",
                "content": {
                    "application/json": {"schema": _reference("Answer")},
                    MEDIA_TYPE: {},
                },
            },
            **_problems(_PROBLEMS),
        },
    }


def _nested(shape: tuple[int | None, ...], value: dict[str, Any]) -> dict[str, Any]:
    for size in reversed(shape):
        value = {"type": "array", "items": value}
        if size is not None:
            value |= {"minItems": size, "maxItems": size}
    return value


def _value(field: InputField) -> dict[str, Any]:
    return _nested(field.shape, {"type": _VALUES.get(field.type, field.type)})


def _request(served: Served, max_rows: int) -> dict[str, Any]:
    """Return the schema of a body: rows, rows of named values, or columns."""
    fields, forms = served.fields, []
    rows = {"type": "array", "minItems": 1, "maxItems": max_rows}
    if served.takes_rows:
        row = _value(fields[0])
        if not _is_array(served):
            row = {
                "type": "array",
                "prefixItems": [_value(field) for field in fields],
                "minItems": len(fields),
                "maxItems": len(fields),
            }
        forms.append(_object({"instances": {**rows, "items": row}}))
    if served.takes_columns:
        named = {field.name: _value(field) for field in fields}
        columns = {name: {**rows, "items": value} for name, value in named.items()}
        forms.append(_object({"instances": {**rows, "items": _object(named)}}))
        forms.append(_object({"inputs": _object(columns)}))
    return {"oneOf": forms}


def _is_array(served: Served) -> bool:
    """Whether a row is an array of its own, and not one value for each field."""
    return len(served.fields) == 1 and bool(served.fields[0].shape)


def _object(properties: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def _answer(served: Served) -> dict[str, Any]:
    kind = "object" if served.has_several else "array"
    properties: dict[str, Any] = {"predictions": {"type": kind}}
    if served.classes is not None:
        properties |= {"probabilities": {"type": "array"}, "classes": {"const": served.classes}}
    return {"type": "object", "properties": properties, "required": ["predictions"]}


def _example(served: Served) -> dict[str, Any]:
    """Return a body with one row."""
    arrays = [array.tolist() for array in served.example()]
    if _is_array(served) or not served.takes_columns:
        return {"instances": arrays[0]}
    names = [field.name for field in served.fields]
    if len(arrays) == len(names):
        return {"inputs": dict(zip(names, arrays, strict=True))}
    values = (None if value != value else value for value in arrays[0][0])
    return {"instances": [dict(zip(names, values, strict=True))]}
