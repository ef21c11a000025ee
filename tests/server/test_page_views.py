"""What the views of the page read, by real requests."""

import pytest

import luthier
from luthier import Categorical, Float
from luthier.storages import InMemory

SPACE = {
    "x": Float(0.0, 1.0),
    "kind": Categorical(("a", "b")),
    "extra": Float(1e-4, 1e-1, log=True, when={"kind": "b"}),
}


def objective(t):
    if t.number % 7 == 3:
        raise ValueError(f"no luck with trial {t.number}")
    for step in (1, 2, 4):
        t.report(t.params["x"] / step, step)
        if t.number % 5 == 1 and step == 2:
            raise luthier.TrialPruned
    t.set_cost(2.0)
    return t.params["x"] + (t.params["kind"] == "a")


def both(t):
    return t.params["x"], 1 - t.params["x"] ** 2


def fill(storage, name="first", n=40, run=objective, **options):
    study = luthier.create_study(
        space=SPACE, storage=storage, name=name, seed=len(name), sampler="random", **options
    )
    study.optimize(run, n_trials=n, catch=(ValueError,))


@pytest.fixture
def storage():
    return InMemory()


@pytest.fixture
def ask(serve, storage):
    """Reads a view of the first study."""
    fill(storage)
    service = serve(storage)

    def read(what, study=1):
        status, answer = service("GET", f"/ui/studies/{study}/{what}")
        assert status == 200, answer
        return answer

    read.service = service
    return read


def test_curves_with_forecasts_and_where_trials_were_stopped(ask):
    found = ask("curves")
    assert len(found["number"]) == found["n"] > 20
    assert len(found["begin"]) == found["n"] + 1
    assert found["stops"]["step"] == [2.0]
    assert found["stops"]["n_stopped"][0] == len(
        [s for s in found["state"] if s == luthier.State.PRUNED.value]
    )
    assert found["fans"][0]["number"] % 5 == 1
    assert ask.service("GET", "/ui/studies/1/curves?objective=1")[0] == 422


def test_effects_of_the_parameters_that_are_asked_for(ask):
    found = ask("effects?params=1,0&around=good")
    assert [effect["axis"]["name"] for effect in found["effects"]] == ["kind", "x"]
    kind = found["effects"][0]
    assert kind["x"] == [0, 1]
    assert kind["mean"][0] > kind["mean"][1]
    assert found["quality"].startswith("R2 ")
    for params in ("", "a", "7", "-1", ",".join(map(str, range(13)))):
        assert ask.service("GET", f"/ui/studies/1/effects?params={params}")[0] == 422


def test_what_cannot_be_said_is_a_note(ask, storage):
    fill(storage, "small", 2)
    assert "front needs at least two objectives" in ask("front")["note"]
    assert ask("effects?params=0", 2)["note"]
    fill(storage, "none", 0)
    assert "no trial has a time" in ask("timeline", 3)["note"]
    assert ask("curves", 3)["note"]
    for what in ("resources", "surface", "ablation", "fidelity", "distribution"):
        assert ask(what, 3)["note"]
    assert ask("failures", 3) == {"n": 0, "n_read": 0, "groups": []}
    assert ask("space", 3)["params"][0]["n"] == [0] * 20


def test_the_front_and_what_a_rule_costs(ask, storage):
    fill(storage, "front", run=both, objectives={"loss": "minimize", "size": "minimize"})
    found = ask("front", 2)
    assert found["n_front"] == sum(found["on_front"]) == 40
    assert found["values"][0][1] == pytest.approx(1 - found["values"][0][0] ** 2)
    knee = ask("choice", 2)
    assert "knee" in knee["why"]
    chosen = ask("choice?rule=loss%20%3C%3D%200.5%20then%20smallest%20size", 2)
    [rule] = chosen["rules"]
    assert rule["rule"] == "loss <= 0.5"
    assert chosen["values"]["loss"] <= 0.5
    assert rule["n_excluded"] == sum(loss > 0.5 for loss, _ in found["values"])
    assert rule["without"] is not None
    assert "nothing" in ask("choice?rule=loss%20%3C%200", 2)["note"]
    assert ask("choice?rule=lost%20%3C%200", 2)["note"]


def test_the_timeline_failures_and_use(ask):
    lanes = ask("timeline")
    assert len(lanes["number"]) == 40
    assert set(lanes["lane"]) == {0}
    failures = ask("failures")
    [group] = failures["groups"]
    assert failures["n"] == group["n"] == 6
    assert group["number"][:2] == [38, 31]
    assert group["error"] == "ValueError: no luck with trial 38"
    used = ask("resources")
    assert used["kinds"][1] == "cost"
    assert used["used"][0][1] == 2.0 * used["n_noted"][0][1]


def test_the_space_is_a_tree_and_says_how_it_is_filled(ask):
    x, kind, extra = ask("space")["params"]
    assert extra["when"] == {"kind": ["b"]}
    assert sum(x["n"]) == 40
    assert sum(kind["n"]) == 40
    assert sum(extra["n"]) == kind["n"][1]
    assert extra["n_inactive"] == kind["n"][0]
    assert sum(x["n_good"]) <= 8


def test_studies_are_compared_at_the_same_effort(ask, storage):
    fill(storage, "second", 20)
    service = ask.service
    status, headers, _ = service.raw("GET", "/ui/compare?studies=2,1")
    assert status == 200
    found = service("GET", "/ui/compare?studies=2,1")[1]
    assert found["names"] == ["2", "1"]
    assert found["x"][-1] == 19
    assert len(found["mean"][0]) == len(found["x"])
    again = service.raw("GET", "/ui/compare?studies=1,2", If_None_Match=headers["etag"])
    assert again[0] == 304
    assert service("GET", "/ui/compare?studies=1,7")[0] == 404
    assert service("GET", "/ui/compare?studies=1,x")[0] == 422


def test_studies_of_a_group_have_one_line_with_a_band(ask, storage):
    for name in ("second", "third one", "fourth one"):
        fill(storage, name, 20)
    found = ask.service("GET", "/ui/compare?studies=4,1,3,2&groups=7,5,7,5")[1]
    assert found["names"] == ["7", "5"]
    assert found["n_runs"] == [2, 2]
    ends = [found[name][0][-1] for name in ("low", "mean", "high")]
    assert ends[0] < ends[1] < ends[2]
    assert ends[1] == pytest.approx(sum(found["best"][0]) / 2)
    assert [pair["first"] for pair in found["pairs"]] == ["7"]
    assert ask.service("GET", "/ui/compare?studies=4,1&groups=7")[0] == 422


def test_a_surface_of_two_parameters(ask):
    found = ask("surface?x=0&y=1&around=best")
    assert (found["x_axis"]["name"], found["y_axis"]["name"]) == ("x", "kind")
    assert found["y"] == [0, 1]
    assert len(found["mean"]) == len(found["sd"]) == len(found["x"])
    assert all(a > b for a, b in found["mean"])
    assert len(found["number"]) == len(found["trial_value"]) > 20
    assert found["quality"].startswith("R2 ")
    chosen = ask("surface")
    assert {chosen["x_axis"]["name"], chosen["y_axis"]["name"]} == {"x", "kind"}
    for wrong in ("x=7", "x=0&y=0", "x=-1", "around=nowhere", "objective=1"):
        assert ask.service("GET", f"/ui/studies/1/surface?{wrong}")[0] == 422


def test_the_path_to_the_best_trial(ask):
    found = ask("ablation")
    assert found["baseline"] == 0
    assert len(found["values"]) == len(found["names"]) + 1
    assert found["values"][-1] < found["values"][0]
    assert "trial 3 is none" in ask("ablation?baseline=3")["note"]
    assert ask.service("GET", "/ui/studies/1/ablation?baseline=x")[0] == 422


def test_early_values_beside_final_ones_and_the_distribution(ask):
    rungs = ask("fidelity")
    assert rungs["step"] == [1, 2, 4]
    assert rungs["n_stopped"] > 0
    assert all(
        low < r < high
        for low, r, high in zip(rungs["low"], rungs["rank_correlation"], rungs["high"], strict=True)
    )
    found = ask("distribution")
    assert found["share"][-1] == 1
    assert found["n"] == len(found["value"])
    assert found["value"] == sorted(found["value"])
    assert ask.service("GET", "/ui/studies/1/fidelity?objective=1")[0] == 422


@pytest.mark.parametrize(
    "what", ["curves", "timeline", "space", "resources", "surface", "fidelity"]
)
def test_what_has_not_changed_is_not_made_again(ask, what):
    status, headers, _ = ask.service.raw("GET", f"/ui/studies/1/{what}")
    again = ask.service.raw("GET", f"/ui/studies/1/{what}", If_None_Match=headers["etag"])
    assert (status, again[0], again[2]) == (200, 304, b"")
