# fmt: off
"""Run a weights file (docs/weights-format.md) in numpy: python numpy_runner.py FILE TEXT, or without TEXT on standard input.
TEXT of a machine: the tokens of an opening by name, of mdm with a mask for every token to decode; efasp opening prints them."""
import itertools
import json
import sys

import numpy as np


class Book:  # A codebook. Its rows are items: the number of a kind, and payloads; a code is flags of kinds, a one, and fields.
    def __init__(self, said):
        (self.names, held), self.bits = zip(*said["kinds"], strict=True), dict(said["payloads"])
        self.held = np.array([[name in some for name in self.bits] for some in held], int).reshape(len(held), -1)
        self.first = np.cumsum([0, *(2 ** sum(self.bits[name] for name in some) for some in held)])  # ids, kind by kind
        self.fields = [(list(self.bits).index(name), self.bits[name], *more) for _, name, *more in said["fields"]]
    def codes(self, rows):
        out = [np.eye(len(self.names))[rows[:, 0]], np.ones((len(rows), 1))]
        for column, bits, encode, shift in self.fields:
            value, held = rows[:, 1 + column, None] + shift, self.held[rows[:, 0], column, None]
            out.append(held * {"signs": 2 * (value >> np.arange(bits) & 1) - 1, "number": value, "square": value**2}[encode])
        return np.hstack(out)
    def rows(self, ids):
        kinds = np.searchsorted(self.first, ids, side="right") - 1
        return np.column_stack([kinds, (ids - self.first[kinds])[:, None] * self.held[kinds]])
    def read(self, out):  # the largest flag names the kind, the signs its payload
        ids, at = self.first[kinds := out[:, :len(self.names)].argmax(1)], len(self.names) + 1
        for column, bits, _, _ in self.fields:
            ids, at = ids + (out[:, at:at + bits] > 0) @ (1 << np.arange(bits)) * self.held[kinds, column], at + bits
        return ids
    def id(self, name):
        kind, value = (name, "0") if name in self.names else name.rpartition(":")[::2]
        at = self.names.index(kind) if kind in self.names else 0
        if kind != self.names[at] or not 0 <= int(value) < self.first[at + 1] - self.first[at]:
            raise ValueError(f"no token of this file: {name!r}")
        return self.first[at] + int(value)
    def spelled(self, ids):
        return [f"{self.names[kind]}:{sum(at)}" if self.held[kind].any() else self.names[kind] for kind, *at in self.rows(ids)]
def place_rows(said, places, names):
    size, kinds = {"N": len(names)}, [name.partition(":")[0] for name in names]
    if "engine" in said:  # the sizes P, L and M stand in the opening
        size |= {"P": int(names[1].partition(":")[2]) or 2 ** int(said["word"]), "L": kinds.count("op")}
        cells, end = said["engine"] == "apmdm", 2 + 4 * size["L"]  # of the program
        size["M"] = (len(kinds) - end) // 2 - 9 * size["P"] if cells else kinds.index("none", end) - end - 1
    rows = ([places.names.index(kind), *(dict(at).get(name, 0) for name in places.bits)] for part in said["layout"]
             for at in itertools.product(*([(name, i) for i in range(size.get(n, n))] for name, n in part["axes"]))
             for kind in part["kinds"])
    return np.array(list(itertools.islice(rows, size["N"])))
def forward(said, w, h):
    for at, row in ((f"layers.{i}.", row) for i, row in enumerate(said["shape"]["layers"])):
        if row["heads"]:
            q, k, v = ((h @ w[f"{at}{x}.weight"].T).reshape(len(h), row["heads"], -1).swapaxes(0, 1) for x in "qkv")
            score = np.exp((s := q * h.dtype.type(said["scale"][said["dtype"]]) @ k.swapaxes(1, 2)) - s.max(2, keepdims=True))
            h = h + (score / score.sum(2, keepdims=True) @ v).swapaxes(0, 1).reshape(len(h), -1) @ w[at + "o.weight"].T
        if row["d_ff"]:
            h = h + np.maximum(h @ w[at + "up.weight"].T + w[at + "up.bias"], 0) @ w[at + "down.weight"].T
    return h @ w["out.weight"].T + w["out.bias"]
def run(path, text):  # the tokens by name; of a program whose read-out is no code of a token its numbers
    body = 8 + int((data := np.fromfile(path, np.uint8))[:8].view("<u8")[0])
    said = (header := json.loads(data[8:body].tobytes())).pop("__metadata__")
    w = {name: data[body:][slice(*at["data_offsets"])].view(said["dtype"]).reshape(at["shape"]) for name, at in header.items()}
    said |= {key: json.loads(said[key]) for key in ("vocabulary", "places", "layout", "scale", "shape")}
    book, places, start = Book(said["vocabulary"]), Book(said["places"]), [said["start"]] if said["start"] else []
    long = any(len(name) > 1 for name, held in said["vocabulary"]["kinds"] if not held and name not in start)
    names = start + (text.split() if long else list(text.strip("\n")))
    ids, at = np.array([book.id(name) for name in names]), places.codes(place_rows(said, places, names)) @ w["place.weight"]
    while True:
        out = forward(said, w, (book.codes(book.rows(ids)) @ w["token.weight"] + at).astype(said["dtype"]))
        if "engine" not in said:
            numbers = [",".join(np.format_float_positional(x, trim="-") for x in row) for row in out]
            return (numbers if said["readout"] == "numbers" else book.spelled(book.read(out)))[len(start):]
        mask, remask = book.id("mask"), out[:, len(w["token.weight"])] > 0.5 if said["engine"] == "apmdm" else False
        old, ids = ids, np.where(remask, mask, np.where(ids == mask, book.read(out), ids))
        if (old == ids).all():
            return book.spelled(ids)
if __name__ == "__main__":
    try:
        print(*run(sys.argv[1], *sys.argv[2:] or [sys.stdin.read()]))
    except Exception as error:
        sys.exit(print(f"expected a weights file and a text, found {type(error).__name__}: {error}", file=sys.stderr) or 2)
