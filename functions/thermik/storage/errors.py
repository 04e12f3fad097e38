"""What storage can answer instead of doing the work.

StorageError
├── Conflict            someone else wrote first: read again and decide anew
├── ItemTooLarge        a value that belongs into a blob
├── InvalidCursor       the caller's cursor is not one of this query's
├── InvalidKey          the caller's key or path is not acceptable
├── BlobNotFound
├── BlobExists
└── Unavailable         the operator must act: unreachable, full, no permission
    ├── TableUnavailable
    ├── BlobsUnavailable
    └── SecretsUnavailable
"""

from __future__ import annotations


class StorageError(Exception):
    """Any refusal or failure of a table or a blob store."""


class Conflict(StorageError):
    """A conditional write found another version than it named; nothing was written."""


class ItemTooLarge(StorageError):
    """An item's body exceeds `table.MAX_ITEM_BYTES`."""


class InvalidCursor(StorageError):
    """A cursor that this query did not give."""


class InvalidKey(StorageError):
    """A key that is not acceptable.

    A blob's with empty, `.` or `..` parts or another scheme; a table's that is empty, too long or no UTF-8 text.
    """


class BlobNotFound(StorageError):
    """No blob has that key."""


class BlobExists(StorageError):
    """A blob has that key already and may not be overwritten."""


class Unavailable(StorageError):
    """Storage cannot do its work now; the message says why."""


class TableUnavailable(Unavailable):
    """The table's database cannot be reached, is full or refuses to work."""


class BlobsUnavailable(Unavailable):
    """The blob store cannot be reached, is full or refuses to work."""


class SecretsUnavailable(Unavailable):
    """The store of secrets cannot be reached, or refuses to show one."""
