"""Root fields that change, one subject a file: translate the input, call the use case, show the result."""
