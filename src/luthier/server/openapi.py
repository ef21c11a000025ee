"""The OpenAPI document of the service, made from its routes and the forms of their bodies."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

import msgspec

from .. import __version__
from .route import Route
from .schemas import ErrorResponse

_STATUS_TEXTS = {
    200: "It is done.",
    201: "The study was created.",
    400: "The request is not well-formed.",
    401: "The token is wrong.",
    403: "Requests to this host name are not served.",
    404: "There is no such study, trial or address.",
    408: "The request came too slowly.",
    409: "The study, or the trial, is not in a state for this.",
    413: "The request is too large.",
    415: "The body must be application/json.",
    422: "The request is not valid.",
    429: "Too many requests; repeat it later.",
    500: "The service failed.",
    503: "The service is busy, or its storage is away; repeat the request later.",
    504: "It takes longer; repeat the request with the same Idempotency-Key.",
    507: "The storage is full.",
}
_ALWAYS = (400, 401, 403, 408, 413, 422, 429, 500, 503, 504, 507)
_KEY_PARAMETER = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "schema": {"type": "string", "pattern": "^[A-Za-z0-9_-]{1,64}$"},
    "description": (
        "Made up by the client, for this request alone. A request that is repeated with its key is "
        "not carried out twice, not even when the service was killed and started again in between."
    ),
}
_NUMBER = {"type": "integer", "minimum": 0, "maximum": 2**53}
_DESCRIPTION = (
    "Hyperparameter optimisation for workers in any language. A worker creates or finds a study, "
    "then asks for trials, reports intermediate values, and tells how the trials ended. Studies "
    "are addressed by the number in `id`, since a name may be any text; `GET /v1/studies?name=` "
    "finds it. The trial of a worker that is silent for longer than `lease_s` is given to another. "
    "Numbers that are not finite are written as 'nan', 'inf' and '-inf'. Under /v1/storage are the "
    "verbs of luthier's storages, for luthier itself."
)


def describe_api(routes: Iterable[Route]) -> dict[str, Any]:
    """The OpenAPI 3.1 document of some routes."""
    routes = list(routes)
    forms = [form for r in routes for form in (r.response, r.request) if form is not None]
    forms = [form for form in forms if form is not bytes]
    _, components = msgspec.json.schema_components(
        [*forms, ErrorResponse], ref_template="#/components/schemas/{name}"
    )
    paths: dict[str, Any] = {}
    for route in routes:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route)

    return {
        "openapi": "3.1.0",
        "info": {
            "title": "luthier",
            "version": __version__,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
            "description": _DESCRIPTION,
        },
        "components": {
            "schemas": components,
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
            "responses": {
                str(status): {"description": text, "content": _content(ErrorResponse)}
                for status, text in _STATUS_TEXTS.items()
                if status >= 400
            },
        },
        "security": [{"token": []}],
        "paths": paths,
    }


def _operation(route: Route) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": route.name,
        "summary": route.summary,
        "parameters": _parameters(route),
        "responses": _responses(route),
    }
    if route.method == "POST" and route.request is not None:
        operation["requestBody"] = {"required": True, "content": _content(route.request)}
    if route.public:
        operation["security"] = []
    return operation


def _parameters(route: Route) -> list[dict[str, Any]]:
    parameters: list[dict[str, Any]] = [
        {
            "name": name,
            "in": "path",
            "required": True,
            "schema": {"type": "string"} if name == "name" else _NUMBER,
        }
        for name in re.findall(r"{(\w+)}", route.path)
    ]
    if route.method == "GET" and route.request is not None:
        for field in msgspec.structs.fields(route.request):
            schema = _without_null(msgspec.json.schema(field.type))
            parameters.append(
                {"name": field.name, "in": "query", "required": False, "schema": schema}
            )
    if route.accepts_key:
        parameters.append(_KEY_PARAMETER)
    return parameters


def _responses(route: Route) -> dict[str, Any]:
    responses: dict[str, Any] = {
        str(status): {"description": _STATUS_TEXTS[status], "content": _content(route.response)}
        for status in route.statuses
    }
    errors = set(_ALWAYS)
    if "{" in route.path or route.request is not None:
        errors |= {404, 409}
    if route.method == "POST":
        errors.add(415)
    for status in sorted(errors):
        responses[str(status)] = {"$ref": f"#/components/responses/{status}"}
    return responses


def _content(form: Any) -> dict[str, Any]:
    if form is str:
        return {"text/plain": {"schema": {"type": "string"}}}
    if form is bytes:
        return {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}
    if form is dict:
        return {"application/json": {"schema": {"type": "object"}}}
    (schema,), _ = msgspec.json.schema_components(
        [form], ref_template="#/components/schemas/{name}"
    )
    return {"application/json": {"schema": schema}}


def _without_null(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema of a query parameter, which is left out where its value would be null."""
    kinds = schema.pop("anyOf", None)
    if kinds is None:
        return schema
    return {**schema, **next(k for k in kinds if k.get("type") != "null")}
