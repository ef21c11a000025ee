"""What a report says in sentences."""

from __future__ import annotations

import math

import numpy as np

from ..analysis import Convergence, Finding, Importance, Incumbent, Resources
from ..analysis.findings.confirmed import list_confirmed
from ..analysis.findings.finding import SEVERITIES
from ..trial.record import State
from ..wording import count_of
from .evidence import GOOD, Evidence
from .units import join, number, percent, value_of

_MAX_NAMED = 3  # parameters in one sentence


def say_trials(evidence: Evidence) -> str:
    """Say how many trials there are, and how they ended."""
    state = evidence.history.state
    n_of = [(int((state == s).sum()), s.name.lower()) for s in State]
    parts = [f"{n:,} {name}" for n, name in n_of if n]
    if not parts:
        return "There is no trial yet."
    return f"{count_of(len(state), 'trial')}: {join(parts)}."


def say_best(evidence: Evidence) -> str:
    """Say what the best trial is, or how many no other beats."""
    history = evidence.history
    if not evidence.one:
        if isinstance(evidence.front, str):
            return evidence.front
        n = evidence.front.n_front
        return (
            f"{count_of(n, 'trial')} of {evidence.front.n:,} form the front: no other beats them."
        )
    record = evidence.incumbent
    if isinstance(record, str):
        return record
    if not len(record.number):
        return "No complete trial keeps all constraints."
    best = int(record.number[-1])
    what = f"The best {record.objective} is {number(float(record.value[-1]))}, in trial {best}"
    params = history.params(best)
    names = [name for name in rank_params(evidence) if name in params][:4]
    with_ = ", ".join(f"{name} = {value_of(params[name])}" for name in names)
    return f"{what} ({with_})." if with_ else f"{what}."


def rank_params(evidence: Evidence) -> list[str]:
    """Return the names of all parameters, those that matter most first."""
    for record in (evidence.importance_good, evidence.importance):
        if not isinstance(record, str) and record.names:
            return list(record.names)
    return list(evidence.history.space.names)


def say_confirmed(evidence: Evidence) -> str:
    """Say which trial was the best when some were run anew; "" where none was."""
    history = evidence.history
    leaders = list_confirmed(history, least=1) if evidence.one else []
    if not leaders:
        return ""
    best = min(leaders, key=lambda one: one.mean)
    mean, first = (float(history.values_of(loss)) for loss in (best.mean, best.loss))
    n = len(best.losses)
    came = f"to {number(mean)} on average of {n} runs" if n > 1 else f"to {number(mean)}"
    of = f"the best of {len(leaders)} that were run anew" if len(leaders) > 1 else "run anew"
    return f"Trial {best.number}, {of}, came {came}; its first value was {number(first)}."


def say_progress(record: Incumbent) -> str:
    """Say since when the best value has not changed."""
    if not len(record.x):
        return "No trial is feasible."
    since = int(record.end - record.x[-1])
    n = len(record.x) - 1
    better = f"The best value improved {count_of(n, 'time')} after the first"
    if not since:
        return f"{better}, for the last time in the last trial."
    last = "last trial has" if since == 1 else f"last {since:,} trials have"
    return f"{better}, for the last time in trial {record.number[-1]}; the {last} not improved it."


def say_importance(record: Importance | str, findings: list[Finding]) -> str:
    """Say which parameters matter, how sure that is, and which lie at their bounds."""
    if isinstance(record, str):
        return record
    where = f"among the best {_fraction(record.among)}" if record.among else "in the whole space"
    if not record.names:
        why = record.note.removeprefix("not enough to say: ")
        return f"What matters {where} cannot be said: {why}."
    told = [i for i in range(len(record.names)) if record.important[i]]
    if not told:
        n = count_of(record.n, "trial")
        return f"From {n} no parameter can be told from one without effect, {where}."
    what = " of what is left" if record.among else " of the variance"
    first = told[0]
    head = f"{record.names[first]} {_say_share(record, first)}{what} {where}"
    more = [f"{record.names[i]} {_share(record, i)}" for i in told[1:_MAX_NAMED]]
    text = f"{head}, {join(more)}." if more else f"{head}."
    n_rest = len(record.names) - len(told)
    if n_rest:
        text += f" {count_of(n_rest, 'other')} cannot be told from a parameter without effect."
    bounds = [f for f in findings if f.name == "optimum-at-bound"]
    return " ".join([text, *(f"{_sentence(f.title)} {_sentence(f.advice)}" for f in bounds)])


def _fraction(share: float | None) -> str:
    return "tenth" if share == GOOD else percent(share or 0.0)


def _say_share(record: Importance, i: int) -> str:
    """What a parameter does, as "explains 61 % (52 to 70)"."""
    if record.index == "separation":
        return "separates the good trials most"
    verb = "alone explains" if record.index == "first order" else "explains"
    return f"{verb} {_share(record, i)}"


def _share(record: Importance, i: int) -> str:
    if record.index == "separation":
        return f"separation {number(float(record.values[i]))}"
    low, high = float(record.low[i]), float(record.high[i])
    share = percent(float(record.values[i]))
    return share if math.isnan(low) else f"{share} ({_ends(low, high)})"


def _ends(low: float, high: float) -> str:
    """The ends of an interval of shares, in percent."""
    low, high = 100 * max(low, 0.0), 100 * min(high, 1.0)
    return "below 1" if high < 1 else f"{low:.0f} to {high:.0f}"


def say_interval(record: Importance, i: int) -> tuple[str, str]:
    """Return the value of an importance and its interval, for a table."""
    low, high = float(record.low[i]), float(record.high[i])
    if record.index == "separation":
        return number(round(float(record.values[i]), 3)), ""
    interval = "" if math.isnan(low) else f"{_ends(low, high)} %"
    return percent(float(record.values[i])), interval


def say_quality(record: Importance) -> str:
    """Say how the importances were found, and how good the model behind them is."""
    how = {
        "gp": "A Gaussian process",
        "fanova": "A random forest",
        "ped": "What separates the good trials from the others",
    }.get(record.method, record.method)
    text = (
        f"{how} of {count_of(record.n, 'trial')} gives these {_INDEX.get(record.index, 'shares')}."
    )
    if record.quality is not None:
        r2, ranks = record.quality.r2, record.quality.rank_correlation
        text += (
            f" It predicts trials that it has not seen with R2 {r2:.2f}; their ranks agree to "
            f"{ranks:.2f}."
        )
    if np.isfinite(record.low).any():
        text += (
            f" The intervals hold the true shares with a probability of {percent(record.level)}."
        )
    return text


_INDEX = {
    "total": "total shares of the variance, interactions included",
    "first order": "shares of the variance that parameters explain alone",
    "separation": "values",
}


def say_convergence(record: Convergence | str) -> str:
    """Say whether more trials are worth it."""
    if isinstance(record, str):
        return f"Whether more trials help cannot be said. {record}"
    more = count_of(record.n_more, "more trial")
    if record.converged:
        return (
            f"It has converged: at most {number(record.regret_bound)} is left to be gained, which "
            f"is less than the noise of one result ({number(record.noise)})."
        )
    return (
        f"{more} find something better, by {number(record.worthwhile)} or more, with a probability "
        f"of {percent(record.chance)}; at most {number(record.regret_bound)} is left to be gained."
    )


def say_findings(findings: list[Finding]) -> str:
    """Say how many findings there are, and the worst."""
    if not findings:
        return "The diagnosis found nothing that may be wrong."
    n_of = [(sum(f.severity == s for f in findings), s) for s in SEVERITIES]
    counts = join([f"{n} {s}" if n == 1 or s == "advice" else f"{n} {s}s" for n, s in n_of if n])
    worst = findings[0]
    return f"The diagnosis has {counts}. The worst: {_sentence(worst.title)}"


def say_savings(record: Resources) -> list[str]:
    """Say what early stopping has saved."""
    shares = zip(record.kinds, record.saved_share.tolist(), strict=True)
    return [
        f"Early stopping saved about {percent(share)} of the {kind}."
        for kind, share in shares
        if share > 0 and kind != "steps"
    ]


def _sentence(text: str) -> str:
    text = text.strip()
    if not text:
        return ""
    return f"{text[:1].upper()}{text[1:]}{'' if text.endswith(('.', '!', '?')) else '.'}"


def say_dismissed(finding: Finding) -> str:
    """Say a finding that somebody dismissed, and why."""
    because = f" {_sentence(f'because: {finding.reason}')}" if finding.reason else ""
    return f"Dismissed: {finding.title}.{because}"


def list_evidence(finding: Finding) -> tuple[str, ...]:
    """Return the advice, the evidence and the doubt of a finding."""
    numbers = ", ".join(f"{name} {number(float(v))}" for name, v in finding.evidence.items())
    sure = "" if finding.p is None else f" (p = {finding.p:.2g})"
    evidence = [
        f"Evidence: {numbers}{sure}." if numbers else "",
        f"What would show that it is wrong: {finding.doubt}." if finding.doubt else "",
    ]
    texts = (_sentence(finding.advice), " ".join(text for text in evidence if text))
    return tuple(text for text in texts if text)
