"""How much each parameter matters: methods that answer different questions, and their result."""
