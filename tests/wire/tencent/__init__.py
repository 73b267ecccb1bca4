"""The Tencent door outwards, row by row."""
