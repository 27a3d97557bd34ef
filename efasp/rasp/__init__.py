"""RASP: programs of the language of Weiss, Goldberg and Yahav (2021), read and evaluated exactly (docs/rasp.md).

``interpreter.read`` gives a program's names; ``graph.evaluate`` the values of a sequence operator or a selector on a text.
"""
