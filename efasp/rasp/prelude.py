"""The functions that RASP programs find defined, in RASP itself; ``selector_width`` and ``full_s`` are built in."""

PRELUDE = """
def has_focus(sel) { return selector_width(sel) > 0; }
def count(seq, atom) { return selector_width(select(seq, atom, ==)); }
def contains(seq, atom) { return count(seq, atom) > 0; }
def max(a, b) { return a if a > b else b; }
def min(a, b) { return a if a < b else b; }
def average(seq) { return aggregate(full_s, seq); }
def load_from_location(seq, location) { return aggregate(select(indices, location, ==), seq); }
def shift(seq, n, filler) { return aggregate(select(indices, indices - n, ==), seq, filler); }
def mark_first_instance(seq, val) {
    before = select(seq, val, ==) and select(indices, indices, <);
    return seq == val and not has_focus(before);
}
def mark_last_instance(seq, val) {
    after = select(seq, val, ==) and select(indices, indices, >);
    return seq == val and not has_focus(after);
}
def select_from_first(seq, val) { return select(mark_first_instance(seq, val), True, ==); }
def select_from_last(seq, val) { return select(mark_last_instance(seq, val), True, ==); }
def sort(seq, key) {
    before = select(key, key, <) or (select(key, key, ==) and select(indices, indices, <));
    return aggregate(select(selector_width(before), indices, ==), seq);
}
def select_next_identical(seq) {
    number = selector_width(select(seq, seq, ==) and select(indices, indices, <));
    return select(seq, seq, ==) and select(number, number + 1, ==);
}
"""
