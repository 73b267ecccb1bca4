"""Huawei Cloud CEC's web chat client: its calls, row by row of the format, and the brief's own client code."""
