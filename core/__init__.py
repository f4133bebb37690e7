"""ConvScope's library: data sets, a configurable CNN, the training loop and its run store.

It draws nothing and knows no user interface: every result is a tensor, a table or a plain
record, as useful in a notebook as behind the dashboard. Modules are imported one by one
(``from core import training``), so that importing ``core`` costs nothing.
"""
