"""Side-by-side measurements: ConvScope's way against the way people do it today.

Machines are shared and noisy, so every figure is a ratio of two things measured in turns within
one run, as processor time on one thread where nothing else is said.
"""
