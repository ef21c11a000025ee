"""Links from code to the reference.

`Study.optimize` or `luthier.samplers.TPE` in a sentence leads to its entry.

Types in signatures that are not luthier's, or that are internal, stay plain text: other sites would
have to be downloaded to link to them.
"""

from __future__ import annotations

import importlib
import re
import sys
from typing import Any

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util.nodes import make_refnode

_HANDLES = {"study": "Study", "trial": "Trial", "space": "Space", "history": "History"}
_EXTERNAL = {
    *sys.stdlib_module_names,
    "numpy",
    "np",
    "npt",
    "pandas",
    "pd",
    "msgspec",
    "click",
    "ArrayLike",
    "NDArray",
    "Array",
    "Index",
    "Mask",
}
_NOT_PUBLIC = {
    "Forecast",
    "Objective",
    "Callback",
    "Colour",
}  # named in signatures, imported for type checkers or an alias


def _candidates(text: str) -> list[str]:
    """The names that code in a sentence may stand for, the likeliest first."""
    called = re.sub(r"\(.*\)$", "", text)
    if not re.fullmatch(r"[A-Za-z_][\w.]*", called):
        return []
    first, dot, rest = called.partition(".")
    found = [called, f"luthier.{called}", f"luthier.errors.{called.removeprefix('luthier.')}"]
    if dot and first in _HANDLES:
        found.append(f"luthier.{_HANDLES[first]}.{rest}")
    return found


class LinkCode(SphinxPostTransform):
    """Wraps code that names an entry of the reference in a link to it."""

    default_priority = 400

    def run(self, **kwargs: Any) -> None:
        """Called by Sphinx for each page."""
        objects = self.env.get_domain("py").data["objects"]
        by_last_name: dict[str, list[str]] = {}
        for full, entry in objects.items():
            if not entry.aliased:
                by_last_name.setdefault(full.rpartition(".")[2], []).append(full)
        for node in list(self.document.findall(nodes.literal)):
            if _within(
                node, (nodes.title, nodes.reference, addnodes.desc_signature, addnodes.pending_xref)
            ):
                continue
            candidates = _candidates(node.astext())
            if (
                candidates
                and candidates[0][:1].isupper()
                and len(by_last_name.get(candidates[0], ())) == 1
            ):
                candidates += by_last_name[candidates[0]]
            name = next((n for n in candidates if n in objects), None)
            if name is None:
                continue
            entry = objects[name]
            if entry.docname == self.env.docname and name.count(".") < 2:
                continue
            link = make_refnode(
                self.app.builder,
                self.env.docname,
                entry.docname,
                entry.node_id,
                node.deepcopy(),
                name,
            )
            node.replace_self(link)


def _within(node: nodes.Node, kinds: tuple[type, ...]) -> bool:
    parent = node.parent
    while parent is not None:
        if isinstance(parent, kinds):
            return True
        parent = parent.parent
    return False


def leave_plain(
    app: Sphinx, env: BuildEnvironment, node: addnodes.pending_xref, contnode: nodes.TextElement
) -> nodes.Element | None:
    """Plain text for types that this site has no entry for.

    None for a name that should have one.
    """
    target = node.get("reftarget", "")
    if node.get("refdomain") != "py" or not target:
        return None
    if target.partition(".")[0] in _EXTERNAL | _NOT_PUBLIC or _is_internal(target):
        return contnode
    return None


def _is_internal(target: str) -> bool:
    """Whether a full name is that of something in luthier's own modules that is not public."""
    module, _, name = target.rpartition(".")
    if not module.startswith("luthier"):
        return False
    try:
        return hasattr(importlib.import_module(module), name)
    except ImportError:
        return False


def setup(app: Sphinx) -> dict[str, Any]:
    """Called by Sphinx."""
    app.add_post_transform(LinkCode)
    app.connect("missing-reference", leave_plain)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
