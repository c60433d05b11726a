"""Properties run without a time limit per example: the first one reads the time-zone database."""

from hypothesis import settings

settings.register_profile("without-deadline", deadline=None)
settings.load_profile("without-deadline")
