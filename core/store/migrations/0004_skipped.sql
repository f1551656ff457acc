-- What the latest scan of a folder passed over: of each rule (and pattern, for the user's own) how much, and examples (a
-- JSON array of paths).
CREATE TABLE skipped (
    folder_id INTEGER NOT NULL REFERENCES folder (id) ON DELETE CASCADE,
    rule TEXT NOT NULL,
    pattern BLOB NOT NULL,
    files INTEGER NOT NULL,
    folders INTEGER NOT NULL,
    examples TEXT NOT NULL,
    PRIMARY KEY (folder_id, rule, pattern)
) STRICT, WITHOUT ROWID;
