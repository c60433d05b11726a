"""What the screens are made of: fields, lists, choices, buttons, scrolled text, a bar, and the form that holds them."""
