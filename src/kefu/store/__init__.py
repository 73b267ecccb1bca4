"""Where everything lies: the port, its law book, its backends."""
