"""The steps on real targets."""
