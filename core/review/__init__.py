"""What goes wrong, on which images, and what to do about it: from saved answers, never training."""
