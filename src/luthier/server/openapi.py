"""The description of the service, made from its routes and the forms of what they take and give."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import msgspec

from .. import __version__
from .schemas import Failure

if TYPE_CHECKING:
    from .app import Route

_WORDS = {
    200: "It is done.",
    201: "It was made.",
    400: "The request is not well-formed.",
    401: "The token is wrong.",
    403: "Requests by this name are not served.",
    404: "There is no such thing.",
    408: "The request came too slowly.",
    409: "The study, or the trial, is not in a state for this.",
    413: "The request is too large.",
    415: "A body is application/json.",
    422: "The request makes no sense.",
    429: "Too many requests; come again.",
    500: "The service failed.",
    503: "The service is busy, or its storage away; come again.",
    504: "It takes longer; ask again with the same Idempotency-Key.",
    507: "The storage is full.",
}
_ALWAYS = (400, 401, 403, 408, 413, 422, 429, 500, 503, 504, 507)
_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "schema": {"type": "string", "pattern": "^[A-Za-z0-9_-]{1,64}$"},
    "description": "Made up by the client, for this request alone: sent again with it, the request "
    "is not done twice, "
    "not even when the service was killed and started again in between.",
}


def describe(routes: Iterable[Route]) -> dict[str, Any]:
    """An OpenAPI 3.1 document."""
    routes = list(routes)
    forms = [form for r in routes for form in (r.answer, r.body) if form is not None]
    _, components = msgspec.json.schema_components(
        [*forms, Failure], ref_template="#/components/schemas/{name}"
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
            "description": "Hyperparameter optimisation for workers in any language. A worker "
            "makes or finds a study, "
            "then asks for trials, reports what they come to, and tells how they ended. Studies "
            "are addressed by the "
            "number in `id`, since a name may be any text; `GET /v1/studies?name=` finds it. A "
            "worker that is silent "
            "for longer than `lease_s` loses its trial to another. Numbers that are not finite are "
            "written as 'nan', "
            "'inf' and '-inf'. Under /v1/storage are the verbs of luthier's storages, for luthier "
            "itself.",
        },
        "components": {
            "schemas": components,
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
            "responses": {
                str(status): {"description": words, "content": _content(Failure)}
                for status, words in _WORDS.items()
                if status >= 400
            },
        },
        "security": [{"token": []}],
        "paths": paths,
    }


def _operation(route: Route) -> dict[str, Any]:
    parameters: list[dict[str, Any]] = [
        {
            "name": name,
            "in": "path",
            "required": True,
            "schema": {"type": "integer", "minimum": 0, "maximum": 2**53},
        }
        for name in re.findall(r"{(\w+)}", route.path)
    ]
    if route.method == "GET" and route.body is not None:
        for field in msgspec.structs.fields(route.body):
            schema = msgspec.json.schema(field.type)
            parameters.append(
                {"name": field.name, "in": "query", "required": False, "schema": _plain(schema)}
            )
    if route.keyed:
        parameters.append(_KEY)
    responses = {
        str(s): {"description": _WORDS[s], "content": _content(route.answer)}
        for s in route.statuses
    }
    extra = (404, 409) if "{" in route.path or route.body is not None else ()
    for status in sorted({*_ALWAYS, *extra, *((415,) if route.method == "POST" else ())}):
        responses[str(status)] = {"$ref": f"#/components/responses/{status}"}
    found: dict[str, Any] = {
        "operationId": route.name,
        "summary": route.summary,
        "parameters": parameters,
        "responses": responses,
    }
    if route.method == "POST" and route.body is not None:
        found["requestBody"] = {"required": True, "content": _content(route.body)}
    if route.public:
        found["security"] = []
    return found


def _content(form: Any) -> dict[str, Any]:
    if form is str:
        return {"text/plain": {"schema": {"type": "string"}}}
    if form is dict:
        return {"application/json": {"schema": {"type": "object"}}}
    (schema,), _ = msgspec.json.schema_components(
        [form], ref_template="#/components/schemas/{name}"
    )
    return {"application/json": {"schema": schema}}


def _plain(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema of what may be left out of a URL."""
    kinds = schema.pop("anyOf", None)
    return (
        schema if kinds is None else {**schema, **next(k for k in kinds if k.get("type") != "null")}
    )
