"""K-fold training: networks that judge training images which they have not learnt."""

from typing import Any

import streamlit as st

from core.errors import UserError
from core.jobs.analysis import AnalysisState
from core.jobs.fold_requests import Folding
from core.runs import Run
from dashboard import fold_loaders
from dashboard.label_loaders import Source
from dashboard.text import counted, duration, percent, sentence
from dashboard.widgets.analysis_card import analysis_card, progress
from dashboard.widgets.fold_rounds import next_round, start_folding
from dashboard.widgets.label_source import choose_folding
from dashboard.widgets.run_bar import Viewed
from dashboard.wording import put_right


def fold_training(viewed: Viewed, source: Source) -> bool:
    """The button, its progress with a way to stop it, or its result; whether there is one.

    Args:
        viewed: whose network and recipe are trained.
        source: how many folds and epochs, and with which decisions.
    """
    run, folding, finished = viewed.run, source.folding, []
    if (other := fold_loaders.at_work(run, folding)) is not None:
        _other(run, other)
        return False

    def done(found: AnalysisState) -> None:
        next_round(run, folding, _told(found))
        finished.append(found)

    analysis_card(
        lambda start: start_folding(run, folding) if start else fold_loaders.look(run, folding),
        done,
        about="A network that has learnt a wrong label believes it. So the train file, validation "
        f"images included, is dealt into {source.num_folds} folds, and as many networks are "
        f"trained like this run, {counted(source.epochs, 'epoch')} each, every one on all folds "
        f"but the one that it then judges.{_learns(run, folding)}{_estimate(viewed, source)} It "
        "runs beside the page and can be stopped; what has been trained is kept.",
        button=f"Train {source.num_folds} networks",
        key="fold_training",
        icon=":material/model_training:",
        parts="steps",
        kind="primary",
        stop=lambda: fold_loaders.stop(run, folding),
    )
    return bool(finished)


def _other(run: Run, working: Folding) -> None:
    """Another training that is at work, and the ways to it: two would only slow each other down."""
    st.info(
        f"Another k-fold training of this run is at work: {working.num_folds} folds, "
        f"{counted(working.epochs, 'epoch')} each. Let it end, or stop it, before you begin one "
        "with other numbers; what it has trained is kept.",
        icon=":material/model_training:",
    )
    progress(
        lambda start: fold_loaders.look(run, working), "steps", "stop_other_folds",
        stop=lambda: fold_loaders.stop(run, working),
    )  # fmt: skip
    st.button(
        "Show it", key="show_other_folds", icon=":material/arrow_forward:",
        on_click=choose_folding, args=(working,),
    )  # fmt: skip


def offer_again(viewed: Viewed, source: Source) -> None:
    """A button that trains the networks anew, where what they answered cannot be read."""

    def again() -> None:
        try:
            fold_loaders.again(viewed.run, source.folding)
        except UserError as error:
            st.error(sentence(str(error)), icon="⚠️")

    st.button(
        f"Train {source.num_folds} networks again", key="folds_again", icon=":material/refresh:",
        on_click=again,
    )  # fmt: skip


def _learns(run: Run, folding: Folding) -> str:
    """With which decisions they learn; empty for the labels as given."""
    try:
        overlay = fold_loaders.learnt(run, folding)
    except UserError as error:
        return f" {sentence(str(error))}"
    if overlay is None:
        return ""
    return f" They learn {put_right(len(overlay.relabelled), len(overlay.left_out))}."


def _estimate(viewed: Viewed, source: Source) -> str:
    """How long it may take, from the run's own training; empty where that is not known."""
    seconds, epochs = viewed.summary.train_seconds, viewed.summary.epoch
    if not seconds or not epochs:
        return ""
    share = (source.num_folds - 1) / source.num_folds
    whole = seconds / epochs * source.epochs * source.num_folds * share
    return f" That takes about {duration(whole)}, going by this run."


def _told(found: AnalysisState) -> str:
    result = found.result
    took = duration(result["seconds"]) if result["seconds"] >= 1 else "under a second"
    return (
        f"{result['num_folds']} networks, {counted(result['epochs'], 'epoch')} each, took {took}. "
        f"Of the images that they had not learnt they answer {percent(result['accuracy'])} as "
        f"labelled.{_learnt(result)}"
    )


def _learnt(result: dict[str, Any]) -> str:
    """With which decisions a result was made; empty for the labels as given."""
    if not result.get("decisions"):
        return ""
    learnt = put_right(result["relabelled"], result["left_out"])
    return f" They have learnt {learnt} (decisions {result['decisions'][:8]})."
