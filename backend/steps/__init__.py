"""Installation steps, one module per topic."""
