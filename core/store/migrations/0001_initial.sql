-- Times are Unix seconds, sizes bytes, paths raw bytes (names need not be UTF-8), vectors little-endian float32.

CREATE TABLE folder (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    path BLOB NOT NULL UNIQUE,
    state TEXT NOT NULL DEFAULT 'online'
) STRICT;

-- A content, whatever its paths. orphaned_at: since when no file has it; NULL while one does.
CREATE TABLE item (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    content_hash BLOB NOT NULL UNIQUE,
    kind TEXT NOT NULL,
    width INTEGER NOT NULL,
    height INTEGER NOT NULL,
    format TEXT NOT NULL,
    taken_at TEXT NOT NULL,
    camera TEXT NOT NULL,
    latitude REAL,
    longitude REAL,
    colour INTEGER NOT NULL,
    orphaned_at INTEGER
) STRICT;
CREATE INDEX item_orphaned_at ON item (orphaned_at);

-- A path. signature: what lstat said, five integers of any size; date_key: when taken, else when modified; local ISO.
CREATE TABLE file (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    folder_id INTEGER NOT NULL REFERENCES folder (id) ON DELETE CASCADE,
    path BLOB NOT NULL UNIQUE,
    name_key TEXT NOT NULL,
    stem_key TEXT NOT NULL,
    kind TEXT NOT NULL,
    signature TEXT NOT NULL,
    size_bytes INTEGER NOT NULL,
    mtime REAL NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('waiting', 'working', 'done', 'failed')),
    attempts INTEGER NOT NULL DEFAULT 0,
    item_id INTEGER REFERENCES item (id),
    date_key TEXT NOT NULL DEFAULT ''
) STRICT;
CREATE INDEX file_folder ON file (folder_id, state);
CREATE INDEX file_queue ON file (attempts, mtime DESC, id) WHERE state = 'waiting';
CREATE INDEX file_working ON file (id) WHERE state = 'working';
CREATE INDEX file_item ON file (item_id);
CREATE INDEX file_date ON file (date_key DESC, id DESC, kind, folder_id, item_id) WHERE item_id IS NOT NULL;
CREATE INDEX file_name ON file (name_key);
CREATE INDEX file_stem ON file (stem_key);

CREATE TABLE failure (
    file_id INTEGER PRIMARY KEY REFERENCES file (id) ON DELETE CASCADE,
    stage TEXT NOT NULL,
    reason TEXT NOT NULL,
    sentence TEXT NOT NULL,
    at REAL NOT NULL,
    retryable INTEGER NOT NULL
) STRICT;

CREATE TABLE segment (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    item_id INTEGER NOT NULL REFERENCES item (id) ON DELETE CASCADE,
    start_ms INTEGER,
    end_ms INTEGER
) STRICT;
CREATE INDEX segment_item ON segment (item_id);

CREATE TABLE space (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    dim INTEGER NOT NULL
) STRICT;

-- Never updated: a segment's vector in a space is what it is, so the ids alone say whether a store is complete.
CREATE TABLE embedding (
    id INTEGER PRIMARY KEY,
    segment_id INTEGER NOT NULL REFERENCES segment (id) ON DELETE CASCADE,
    space_id INTEGER NOT NULL REFERENCES space (id) ON DELETE CASCADE,
    vector BLOB NOT NULL
) STRICT;
CREATE UNIQUE INDEX embedding_segment ON embedding (segment_id, space_id);
CREATE INDEX embedding_space ON embedding (space_id, segment_id);

-- How searchable segments change while the catalog is open, for the stores to follow; emptied when it opens.
CREATE TABLE operation (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT,
    space_id INTEGER NOT NULL,
    segment_id INTEGER NOT NULL,
    came INTEGER NOT NULL
) STRICT;
CREATE INDEX operation_space ON operation (space_id, sequence);

-- The files of the vector stores; ids: int64 by position in the file, -1 where the position is dead.
CREATE TABLE snapshot (
    space_id INTEGER NOT NULL REFERENCES space (id) ON DELETE CASCADE,
    shard INTEGER NOT NULL,
    file TEXT NOT NULL UNIQUE,
    size_bytes INTEGER NOT NULL,
    sha256 BLOB NOT NULL,
    format TEXT NOT NULL,
    ids BLOB NOT NULL,
    PRIMARY KEY (space_id, shard)
) STRICT;

-- An indexed file as search shows it.
CREATE VIEW result AS
SELECT
    file.id AS file_id, file.item_id, file.path, file.kind, item.colour, folder.state = 'online' AS online,
    file.folder_id, file.date_key, file.size_bytes, file.mtime
FROM file JOIN item ON item.id = file.item_id JOIN folder ON folder.id = file.folder_id;

-- An item is searchable while a file has it. These four see to it, whichever statement moves the last file.
CREATE TRIGGER file_deleted AFTER DELETE ON file WHEN old.item_id IS NOT NULL BEGIN
    UPDATE item SET orphaned_at = CAST(strftime('%s', 'now') AS INTEGER)
    WHERE id = old.item_id AND orphaned_at IS NULL AND NOT EXISTS (SELECT 1 FROM file WHERE item_id = old.item_id);
END;
CREATE TRIGGER file_linked AFTER UPDATE OF item_id ON file WHEN old.item_id IS NOT new.item_id BEGIN
    UPDATE item SET orphaned_at = NULL WHERE id = new.item_id AND orphaned_at IS NOT NULL;
    UPDATE item SET orphaned_at = CAST(strftime('%s', 'now') AS INTEGER)
    WHERE id = old.item_id AND orphaned_at IS NULL AND NOT EXISTS (SELECT 1 FROM file WHERE item_id = old.item_id);
END;
CREATE TRIGGER item_came_or_went AFTER UPDATE OF orphaned_at ON item
WHEN (old.orphaned_at IS NULL) <> (new.orphaned_at IS NULL) BEGIN
    INSERT INTO operation (space_id, segment_id, came)
    SELECT embedding.space_id, segment.id, new.orphaned_at IS NULL
    FROM segment JOIN embedding ON embedding.segment_id = segment.id WHERE segment.item_id = new.id;
END;
CREATE TRIGGER embedding_added AFTER INSERT ON embedding
WHEN (SELECT item.orphaned_at IS NULL FROM segment JOIN item ON item.id = segment.item_id WHERE segment.id = new.segment_id)
BEGIN
    INSERT INTO operation (space_id, segment_id, came) VALUES (new.space_id, new.segment_id, 1);
END;
