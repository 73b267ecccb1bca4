"""Huawei Cloud CEC: the web chat client's calls, under `/apiaccess/ccmessaging`."""
