"""What the desk can be asked to do: use cases, one a file. Each reads, decides, commits, then looks."""
