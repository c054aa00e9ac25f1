"""How it reads: a judgement as one self-contained page, and as a table for the terminal. Values in, text out."""
