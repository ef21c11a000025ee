"""Studies that reports are written of, and a reader of HTML that refuses what is broken."""

from html.parser import HTMLParser

import numpy as np

import luthier

HOSTILE = "</title><script>alert(1)</script>`|\n# x"
VOID = {"meta", "link", "br"}
EMPTY_IN_SVG = {"rect", "path", "circle"}


def tuned(n, name="train", sampler="random", directions=("minimize",), **options):
    """A study of n trials, of which lr matters most, kind some, and noise not at all."""
    space = {
        "lr": luthier.Float(1e-5, 0.1, scale="log"),
        "layers": luthier.Int(1, 8),
        "kind": luthier.Categorical(["adam", "sgd"]),
        "noise": luthier.Float(0, 1),
    }
    objectives = list(directions) if len(directions) > 1 else None
    study = luthier.create_study(
        name=name, space=space, sampler=sampler, seed=0, objectives=objectives, **options
    )

    def objective(trial):
        params = trial.params
        loss = (np.log10(params["lr"]) + 2.5) ** 2 + 0.5 * (params["kind"] == "sgd")
        trial.set_cost(params["layers"])
        return loss if len(directions) == 1 else (loss, params["layers"])

    study.optimize(objective, n_trials=n)
    return study


class Reader(HTMLParser):
    """Reads HTML; `tags` has (name, attributes), and an element that is not closed is an error."""

    def __init__(self):
        super().__init__()
        self.open = []
        self.tags = []
        self.text = []

    def handle_starttag(self, tag, attrs):
        names = [name for name, _ in attrs]
        assert len(set(names)) == len(names), (tag, names)
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open, tag
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)


def read(html):
    """All of a page, which is whole."""
    reader = Reader()
    reader.feed(html)
    reader.close()
    assert reader.open == []
    return reader
