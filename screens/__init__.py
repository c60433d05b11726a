"""The screens of an interactive installation (`order.py` lists them)."""
