-- One row an entry. The bytes in `body` and `link` are what was signed; the ids beside them are there
-- for the unique indexes and are recomputed from the bytes at every read.
CREATE TABLE entry (
    sequence   INTEGER PRIMARY KEY CHECK (sequence >= 0),
    entry_id   BLOB NOT NULL UNIQUE CHECK (length(entry_id) = 32),
    link_id    BLOB NOT NULL UNIQUE CHECK (length(link_id) = 32),
    body       BLOB NOT NULL,
    link       BLOB NOT NULL,
    first_seen INTEGER NOT NULL
) STRICT;

CREATE TRIGGER entry_is_never_updated BEFORE UPDATE ON entry
BEGIN
    SELECT RAISE(ABORT, 'entries of the journal are never changed');
END;

CREATE TRIGGER entry_is_never_deleted BEFORE DELETE ON entry
BEGIN
    SELECT RAISE(ABORT, 'entries of the journal are never deleted');
END;

-- Also stops INSERT OR REPLACE, whose implied delete fires no delete trigger.
CREATE TRIGGER entry_is_only_appended BEFORE INSERT ON entry
WHEN NEW.sequence IS NOT (SELECT coalesce(max(sequence) + 1, 0) FROM entry)
    OR EXISTS (SELECT 1 FROM entry WHERE entry_id = NEW.entry_id OR link_id = NEW.link_id)
BEGIN
    SELECT RAISE(ABORT, 'entries of the journal are only appended, in order and once');
END;

-- The latest reading of the wall clock beside the clock that counts since the machine started. It is
-- no entry: losing it holds nothing back but the notice of a jump.
CREATE TABLE clock_mark (
    only    INTEGER PRIMARY KEY CHECK (only = 1),
    boot_id TEXT NOT NULL,
    boot_ms INTEGER NOT NULL,
    wall_ms INTEGER NOT NULL
) STRICT;
