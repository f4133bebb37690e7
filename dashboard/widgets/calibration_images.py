"""The images behind a bin or a threshold of the Calibration page; at first, the surest errors."""

from dashboard import calibration_loaders, selection
from dashboard.calibration_loaders import Diagram, Settings
from dashboard.text import escaped, percent, plain_number
from dashboard.widgets.coverage import UNANSWERED, WRONG
from dashboard.widgets.reliability import chosen_bin
from dashboard.widgets.review_gallery import Images
from dashboard.widgets.run_bar import Viewed

_RANKING = "Surest errors"


def images_of(viewed: Viewed, shown: Diagram, settings: Settings) -> Images:
    """What the address asks for.

    Raises:
        UserError: if the saved probabilities cannot be used.
    """
    chosen = selection.current()
    number = chosen_bin(shown)
    if number is not None:
        return Images(
            title=_bin_title(shown, number, settings.scaled),
            rows=calibration_loaders.images_of_bin(shown, number),
            ranking=_RANKING,
            empty="No answer is that sure or unsure. Choose another bin.",
        )
    if chosen.group in (WRONG, UNANSWERED):
        return _by_threshold(viewed, chosen.group, chosen.threshold)
    wrong = shown.rows[~shown.rows["correct"]]
    return Images(
        title="Wrong, the surest first",
        rows=wrong.sort_values("confidence", ascending=False, kind="stable", ignore_index=True),
        ranking=_RANKING,
        empty=f"At epoch {viewed.epoch} every {viewed.split} image is answered right.",
    )


def _by_threshold(viewed: Viewed, group: str, threshold: float) -> Images:
    assert viewed.epoch is not None
    said, where = escaped(plain_number(threshold)), (viewed.run, viewed.epoch, viewed.split)
    if group == WRONG:
        return Images(
            title=f"Wrong from confidence {said} on",
            rows=calibration_loaders.wrong_from(*where, threshold),
            ranking=_RANKING,
            empty="No answer is wrong at this threshold. Lower it to see where errors begin.",
        )
    return Images(
        title=f"Less sure than {said}",
        rows=calibration_loaders.unanswered(*where, threshold),
        ranking=_RANKING,
        empty="Every image is answered. Raise the threshold to see the least sure ones.",
    )


def _bin_title(shown: Diagram, number: int, scaled: bool) -> str:
    row = shown.table.iloc[number]
    after = " after scaling" if scaled else ""
    return f"Confidence {percent(row['low'])} to {percent(row['high'])}{after}"
