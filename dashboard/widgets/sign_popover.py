"""A button that opens into more, which is drawn only then; where room is short, its sign alone."""

from typing import Any

import streamlit as st


def sign_popover(name: str, icon: str, key: str, narrow: bool) -> Any:
    """The popover; whether it is open is its `open`.

    Args:
        name: what it is called; the style sheet hides it in a container whose key begins with
            ``signs_``, from those who see the page.
        icon: its sign.
        key: names the button.
        narrow: whether only its sign is seen; pointing at it says the name.
    """
    return st.popover(name, icon=icon, key=key, on_change="rerun", help=name if narrow else None)
