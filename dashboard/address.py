"""Parameters of the browser's address that are ours, so that no quick click undoes the one before.

The browser sends its address along with every request, and hears of a new one a moment after it was
written. A click in between still comes with the old address: that is late, not a wish to go back.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

Params = dict[str, str]
_MOST = 100  # addresses that the browser may not have heard of yet
_CAME = "address"  # the request of this tab that was listened to last, and whether it came bare


@dataclass
class Told:
    """What a tab has been told to show, as far as it may not have heard of it yet.

    Attributes:
        addresses: one after the other; the browser shows one of them, and will show the last.
        request: the request that was listened to last.
    """

    addresses: list[Params] = field(default_factory=lambda: [{}])
    request: Any = None

    @property
    def now(self) -> Params:
        """The address that counts."""
        return self.addresses[-1]

    def hear(self, asked: Params, request: Any, went: bool, cleared: bool = False) -> bool:
        """Takes in what an address asks for; whether the browser must be told `now` again.

        Args:
            asked: the parameters of the address, which later ones of the same request may be ours.
            request: what tells requests apart, by identity; None where every address is a wish.
            went: whether the browser came here through its history, as by Back: a wish for sure.
            cleared: whether it is also a wish where it asks for nothing.
        """
        fresh = request is not self.request
        self.request = request
        if fresh and not went and asked in self.addresses:
            # It has heard of all before this one: from now on they are wishes, should they come.
            del self.addresses[: self.addresses.index(asked)]
            return asked != self.now
        if asked == self.now:
            return False
        if not asked and not cleared:  # a link between pages carries no parameters
            return True
        if len(self.addresses) == 1:
            self.addresses = [asked]
            return False
        self.tell(asked)  # again: what is still on its way would be shown in its place
        return True

    def tell(self, wanted: Params) -> None:
        """Takes note of an address that is written."""
        if wanted != self.now:
            self.addresses.append(wanted)
            del self.addresses[:-_MOST]


@dataclass(frozen=True)
class Address:
    """The parameters of these names, in this tab; those of other names are left alone.

    Attributes:
        names: the parameters.
        may_be_empty: whether they may all be missing beside those of others, which Back then asks
            for; else they are put back as after a link, which comes with none at all.
    """

    names: Sequence[str]
    may_be_empty: bool = False

    def read(self) -> Params:
        """What the address asks for, or what has been written since."""
        told = self._told()
        context = get_script_run_ctx(suppress_warning=True)
        # What the browser said of itself comes anew with each request and stays through reruns.
        request = context.context_info if context else None
        if request is None:  # nobody clicks while a page is drawn without a browser
            told.addresses = [told.now]
        went = bool(context and context.is_history_navigation)
        cleared = not _came_bare(request) and went and self.may_be_empty
        if told.hear(self._asked(), request, went, cleared):
            self._send(told.now)
        return told.now

    def write(self, wanted: Mapping[str, str]) -> None:
        """Shows these parameters in the address, and none of the other names that are ours."""
        self.read()
        told = self._told()
        told.tell(dict(wanted))
        if told.now != self._asked():
            self._send(told.now)

    def _told(self) -> Told:
        told: Told = st.session_state.setdefault(f"address:{self.names[0]}", Told())
        return told

    def _asked(self) -> Params:
        return {name: st.query_params[name] for name in self.names if name in st.query_params}

    def _send(self, wanted: Params) -> None:
        others = {
            name: st.query_params.get_all(name)
            for name in st.query_params
            if name not in self.names
        }
        # One message for all of them: each would be an entry of its own in the history.
        st.query_params.from_dict({**others, **wanted})


def _came_bare(request: Any) -> bool:
    """Whether the browser came without parameters: asked before any are put back, and kept."""
    known, bare = st.session_state.get(_CAME, (None, False))
    if request is None or known is not request:
        bare = not st.query_params
        st.session_state[_CAME] = (request, bare)
    return bool(bare)
