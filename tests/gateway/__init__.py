"""The local API Gateway: held against what AWS says of its own."""
