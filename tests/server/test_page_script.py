"""Modules as one script, which does the same; what cannot be joined is refused."""

import re
from importlib import resources

import pytest

from luthier.server.page_script import join_scripts, strip_comments

MODULES = {
    "app.js": 'import { twice as double } from "./parts/math.js";\n'
    'import { show } from "./views/late.js";\nshow(double(2));\n',
    "parts/math.js": "export const TWO = 2;\nexport function twice(x) {\n  return TWO * x;\n}\n",
    "views/late.js": 'import { TWO } from "../parts/math.js";\n'
    "export async function show(x) {\n  return x + TWO;\n}\n",
}


def test_each_module_stands_once_after_what_it_needs():
    joined = join_scripts(MODULES, "app.js")
    assert re.findall(r"^// (.*)", joined, re.MULTILINE) == [
        "parts/math.js",
        "views/late.js",
        "app.js",
    ]
    assert not re.search(r"^(import|export)", joined, re.MULTILINE)
    assert 'const { twice: double } = modules["parts/math.js"];' in joined
    assert 'modules["parts/math.js"] = { TWO, twice };' in joined
    assert 'const { show } = modules["views/late.js"];' in joined


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('import "./parts/math.js";\n', "form of import"),
        ("export default 1;\n", "form of import or export"),
        ("export const { a } = b;\n", "form of import or export"),
        ('import { a } from "./gone.js";\n', r"app.js imports gone.js, which is not there"),
        ('import { a } from "./app.js";\n', r"import each other: app.js -> app.js"),
    ],
)
def test_what_cannot_be_joined_is_refused(text, message):
    with pytest.raises(ValueError, match=message):
        join_scripts(MODULES | {"app.js": text}, "app.js")


def test_comments_on_lines_of_their_own_and_types_are_left_out():
    text = '// one\nconst a = "http://x"; // stays\n/** two\n * @type {a} */\n'
    text += "  b(/** @type {any} */ (c));\n"
    assert strip_comments(text).split("\n") == [
        "",
        'const a = "http://x"; // stays',
        "",
        "  b((c));",
        "",
    ]


def test_the_joined_script_holds_the_code_of_every_file():
    root = resources.files("luthier.server") / "page" / "js"
    files = [*root.iterdir(), *(root / "views").iterdir()]
    modules = {
        f"{'views/' * (file.name not in {item.name for item in root.iterdir()})}{file.name}": (
            strip_comments(file.read_text(encoding="utf-8"))
        )
        for file in files
        if file.name.endswith(".js")
    }
    joined = join_scripts(modules, "app.js") + join_scripts(modules, "stream.js")
    lines = set(joined.splitlines())
    for path, text in modules.items():
        assert f"// {path}" in lines
        bare = re.sub(r"^import \{[^}]*\} from .*;$", "", text, flags=re.MULTILINE)
        for line in bare.splitlines():
            kept = re.sub(r"^export ", "", line)
            assert kept in lines, (path, line)
