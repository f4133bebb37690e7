"""Figures as plain dicts: tables in, Plotly out; pure."""
