"""Files that visitors and agents send: a small port, and where they lie."""
