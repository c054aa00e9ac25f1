"""Personal data in the log: an entry holds a salted digest, the value and its salt are kept aside and can be erased.

The digest is SHA-256(salt || value in UTF-8), with a fresh salt of 32 bytes for every value. Who has the salt and the
value can show that they are what was recorded. Once both are gone the digest says nothing about the value, not even
to somebody who guesses it: the guess would need the salt too. The log and all its proofs stay as they were.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256

from holdfast.errors import HoldfastError

SALT_BYTES = 32


@dataclass(frozen=True, slots=True)
class Concealed:
    """A value kept aside: the digest that entries name it by, its salt, and its UTF-8 bytes."""

    digest: str
    salt: bytes
    value: bytes

    @classmethod
    def of(cls, text: str, salt: bytes) -> Concealed:
        """Return the text concealed with this salt; HF206 if it is not valid Unicode."""
        try:
            value = text.encode()
        except UnicodeEncodeError as error:
            message = f"a text of {len(text):,} characters is not valid Unicode and cannot be concealed"
            raise HoldfastError("HF206", message, remedy="use valid Unicode") from error
        return cls(sha256(salt + value).hexdigest(), salt, value)

    def text(self) -> str:
        """Return the value; HF233 if it is not what its digest says."""
        if sha256(self.salt + self.value).hexdigest() != self.digest:
            message = f"what is kept aside under {self.digest} is not what that digest was made of: it was altered"
            raise HoldfastError("HF233", message, remedy="bring it back from a copy; what rests on it is unknown")
        return self.value.decode()
