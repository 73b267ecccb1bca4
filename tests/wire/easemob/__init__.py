"""Easemob kefu: the platform REST and the extended messages, row by row of their formats."""
