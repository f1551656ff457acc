-- Drives that are away, and files that are not where they were.

-- root: what the folder was when it was last read (see RootIdentity); drive: what the drive it lies on is called, empty
-- for the one of the user's home; asks: so many of its lost files are to be forgotten that the user is asked first.
ALTER TABLE folder ADD COLUMN root TEXT NOT NULL DEFAULT '';
ALTER TABLE folder ADD COLUMN drive TEXT NOT NULL DEFAULT '';
ALTER TABLE folder ADD COLUMN asks INTEGER NOT NULL DEFAULT 0;

-- How long the library has lived, which no change of the system's clock turns far: what waits for days to pass waits by
-- this. at: when that was written, Unix seconds. It begins late, for 0 to be long ago.
CREATE TABLE life (id INTEGER PRIMARY KEY CHECK (id = 1), lived_s REAL NOT NULL, at REAL NOT NULL) STRICT;
INSERT INTO life (id, lived_s, at) VALUES (1, 8640000, CAST(strftime('%s', 'now') AS REAL));
UPDATE item SET orphaned_at = 8640000 WHERE orphaned_at IS NOT NULL;
DROP TRIGGER file_deleted;
CREATE TRIGGER file_deleted AFTER DELETE ON file WHEN old.item_id IS NOT NULL BEGIN
    UPDATE item SET orphaned_at = (SELECT CAST(lived_s AS INTEGER) FROM life)
    WHERE id = old.item_id AND orphaned_at IS NULL AND NOT EXISTS (SELECT 1 FROM file WHERE item_id = old.item_id);
END;
DROP TRIGGER file_linked;
CREATE TRIGGER file_linked AFTER UPDATE OF item_id ON file WHEN old.item_id IS NOT new.item_id BEGIN
    UPDATE item SET orphaned_at = NULL WHERE id = new.item_id AND orphaned_at IS NOT NULL;
    UPDATE item SET orphaned_at = (SELECT CAST(lived_s AS INTEGER) FROM life)
    WHERE id = old.item_id AND orphaned_at IS NULL AND NOT EXISTS (SELECT 1 FROM file WHERE item_id = old.item_id);
END;

-- missing_at: since when (in the library's life) a file is not found, seen so in `missing_scans` scans; NULL: it is there.
ALTER TABLE file ADD COLUMN missing_at REAL;
ALTER TABLE file ADD COLUMN missing_scans INTEGER NOT NULL DEFAULT 0;
CREATE INDEX file_missing ON file (folder_id) WHERE missing_at IS NOT NULL;
-- By these a file is recognised that comes from another folder.
CREATE INDEX file_times ON file (mtime, size_bytes);

-- Files that certainly are not there any more: not found, but for a while all is kept for their return. kept: for good.
CREATE TABLE lost (
    id INTEGER PRIMARY KEY,
    folder_id INTEGER NOT NULL REFERENCES folder (id) ON DELETE CASCADE,
    path BLOB NOT NULL UNIQUE,
    name_key TEXT NOT NULL,
    stem_key TEXT NOT NULL,
    kind TEXT NOT NULL,
    signature TEXT NOT NULL,
    size_bytes INTEGER NOT NULL,
    mtime REAL NOT NULL,
    state TEXT NOT NULL,
    attempts INTEGER NOT NULL,
    item_id INTEGER REFERENCES item (id),
    date_key TEXT NOT NULL,
    later INTEGER NOT NULL,
    missing_at REAL NOT NULL,
    missing_scans INTEGER NOT NULL,
    kept INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX lost_folder ON lost (folder_id);
CREATE INDEX lost_item ON lost (item_id);
CREATE INDEX lost_times ON lost (mtime, size_bytes);

DROP VIEW result;
CREATE VIEW result AS
SELECT
    file.id AS file_id, file.item_id, file.path, file.kind, item.colour, file.folder_id, file.date_key,
    file.missing_at IS NOT NULL AS missing, file.size_bytes, file.mtime, item.duration_ms
FROM file JOIN item ON item.id = file.item_id;
