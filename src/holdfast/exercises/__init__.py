"""How we practise: a scenario, a load, faults that are shown to have taken effect and undone, and a recorded history.

Nothing is judged here. The runner and its guard act and append events; what an exercise proves is read from them.
"""
