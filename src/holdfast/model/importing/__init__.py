"""What an institution already has, turned into a declaration: texts in, entries and an account of every row out.

Every source (``sources``) says what it found as things and links between them (``facts``). ``assembly`` turns those
into the entries of a declaration, and ``merging`` brings them into a file without losing what a person wrote there.
Nothing is guessed silently: a value that no row gave carries its reason, in the file and in the account.
"""
