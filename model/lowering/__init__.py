"""The passes of lowering (``model.lower``): forms, merge, schedule, emit."""
