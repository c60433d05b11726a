"""Small changes to the decisions of the product, each of which a test has to notice."""
