"""Records of other people's tools, read to the same typed histories that a drill leaves: pure text in, findings out.

``manifest`` says which file is what, ``sources`` reads each file by it, ``record`` puts them together to what the
checks read. It is read once before anything enters the log, and again, from the same bytes, whenever it is judged.
"""
