"""Benches: what the installer costs, as ratios to plain tools, with a limit for each figure (`make bench`)."""
