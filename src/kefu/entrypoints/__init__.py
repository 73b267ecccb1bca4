"""Where the outside comes in: recognise, convert, delegate."""
