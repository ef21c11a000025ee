"""A search whose next params are proposed while somebody answers the last ones."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from queue import Empty, Full, Queue
from threading import Event, Lock, Thread
from typing import Any

from ..exceptions.core import DataRequiredError
from ..exceptions.generation_strategy import MaxParallelismReachedException
from .ax_client import AxClient

logger = logging.getLogger("ax.service.interactive_loop")
_PAUSE_S = 0.1
Proposal = tuple[Mapping[str, Any], int]
Proposals = Queue[Proposal | None]


def interactive_optimize(
    num_trials: int,
    candidate_queue_maxsize: int,
    candidate_generator_function: Callable[..., None],
    data_attacher_function: Callable[..., None],
    elicitation_function: Callable[..., Any],
    candidate_generator_kwargs: Mapping[str, Any] | None = None,
    data_attacher_kwargs: Mapping[str, Any] | None = None,
    elicitation_function_kwargs: Mapping[str, Any] | None = None,
) -> bool:
    """Ask for results one after the other, with two threads that propose and that store.

    Args:
        num_trials: How many results are asked for.
        candidate_queue_maxsize: How many proposals wait at most.
        candidate_generator_function: Called with a queue, an event that ends it, and num_trials;
            puts (params, index), or None where it fails.
        data_attacher_function: Called with a queue and an event that ends it; takes the results.
        elicitation_function: Takes (params, index), and returns (index, results); None ends it all.
        candidate_generator_kwargs: More arguments of the first function.
        data_attacher_kwargs: More arguments of the second.
        elicitation_function_kwargs: More arguments of the third.

    Returns:
        Whether all results came.
    """
    proposals: Proposals = Queue(maxsize=candidate_queue_maxsize)
    answers: Queue[Any] = Queue()
    stop_proposing, stop_storing = Event(), Event()
    threads = [
        Thread(
            target=candidate_generator_function,
            args=(proposals, stop_proposing, num_trials),
            kwargs=dict(candidate_generator_kwargs or {}),
            daemon=True,
        ),
        Thread(
            target=data_attacher_function,
            args=(answers, stop_storing),
            kwargs=dict(data_attacher_kwargs or {}),
            daemon=True,
        ),
    ]
    for thread in threads:
        thread.start()
    is_complete = True
    try:
        for _ in range(num_trials):
            proposal = proposals.get()
            answer = None
            if proposal is not None:
                answer = elicitation_function(proposal, **(elicitation_function_kwargs or {}))
            if answer is None:
                is_complete = False
                break
            answers.put(answer)
        stop_proposing.set()
        answers.join()
    finally:
        stop_proposing.set()
        stop_storing.set()
    return is_complete


def interactive_optimize_with_client(
    ax_client: AxClient,
    num_trials: int,
    candidate_queue_maxsize: int,
    elicitation_function: Callable[[Proposal], Any],
) -> bool:
    """Ask for the results of a client's trials; see `interactive_optimize`.

    Args:
        ax_client: Proposes, and takes the results.
        num_trials: How many trials there are.
        candidate_queue_maxsize: How many proposals wait at most.
        elicitation_function: Takes (params, index), and returns (index, results); None ends it all.
    """
    shared = {"ax_client": ax_client, "lock": Lock()}
    return interactive_optimize(
        num_trials,
        candidate_queue_maxsize,
        ax_client_candidate_generator,
        ax_client_data_attacher,
        elicitation_function,
        candidate_generator_kwargs=shared,
        data_attacher_kwargs=shared,
    )


def ax_client_candidate_generator(
    queue: Proposals, stop_event: Event, num_trials: int, ax_client: AxClient, lock: Any
) -> None:
    """Put the params of a client's trials into a queue, until there are enough.

    Args:
        queue: Takes (params, index); None after an error.
        stop_event: Ends it.
        num_trials: How many trials there are.
        ax_client: Proposes.
        lock: Whoever has it may use the client.
    """
    n_put = 0
    while n_put < num_trials and not stop_event.is_set():
        try:
            with lock:
                proposal = ax_client.get_next_trial()
        except (MaxParallelismReachedException, DataRequiredError) as e:
            logger.warning("%s; sleeping for %s seconds and trying again.", e, _PAUSE_S)
            time.sleep(_PAUSE_S)
            continue
        except Exception:
            logger.exception("no further trial can be proposed")
            _put(queue, None, stop_event)
            return
        _put(queue, proposal, stop_event)
        n_put += 1


def _put(queue: Proposals, proposal: Proposal | None, stop_event: Event) -> None:
    while not stop_event.is_set():
        try:
            return queue.put(proposal, timeout=_PAUSE_S)
        except Full:
            continue


def ax_client_data_attacher(
    queue: Queue[Any], stop_event: Event, ax_client: AxClient, lock: Any
) -> None:
    """Complete a client's trials with the (index, results) pairs of a queue.

    Args:
        queue: Gives the pairs.
        stop_event: Ends it.
        ax_client: Takes the results.
        lock: Whoever has it may use the client.
    """
    while not stop_event.is_set():
        try:
            index, found = queue.get(timeout=_PAUSE_S)
        except Empty:
            continue
        try:
            with lock:
                ax_client.complete_trial(trial_index=index, raw_data=found)
        except Exception:
            logger.exception("the results of trial %s could not be taken: %r", index, found)
        finally:
            queue.task_done()
