"""Sockets of `kefu serve`, plain and as functions behind the strict gateway."""
