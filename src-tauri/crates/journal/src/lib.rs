//! The append-only, hash-chained log of signed entries.
