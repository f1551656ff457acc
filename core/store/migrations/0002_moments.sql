-- Sounds and videos: how long, how loud, what they are called, what is said in them. Spaces that take over from others.

ALTER TABLE item ADD COLUMN duration_ms INTEGER NOT NULL DEFAULT 0;
ALTER TABLE item ADD COLUMN title TEXT NOT NULL DEFAULT '';
-- How loud it is from start to end in equal steps, a byte each.
ALTER TABLE item ADD COLUMN peaks BLOB NOT NULL DEFAULT x'';

-- later: the file waits only for what takes long (its speech).
ALTER TABLE file ADD COLUMN later INTEGER NOT NULL DEFAULT 0;
DROP INDEX file_queue;
CREATE INDEX file_queue ON file (later, attempts, mtime DESC, id) WHERE state = 'waiting';

-- encoder: the model whose space it is. state: 'active' answers; 'building' will, when it knows what the active one of
-- its role knows; 'retired' is to be deleted.
ALTER TABLE space ADD COLUMN encoder TEXT NOT NULL DEFAULT '';
ALTER TABLE space ADD COLUMN role TEXT NOT NULL DEFAULT '';
ALTER TABLE space ADD COLUMN state TEXT NOT NULL DEFAULT 'active';
UPDATE space SET encoder = substr(name, 1, instr(name, '/') - 1), role = 'pictures';

-- The space has all that it will get of the item, be it nothing: a silent video has no sounds.
CREATE TABLE understood (
    item_id INTEGER NOT NULL REFERENCES item (id) ON DELETE CASCADE,
    space_id INTEGER NOT NULL REFERENCES space (id) ON DELETE CASCADE,
    PRIMARY KEY (item_id, space_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX understood_space ON understood (space_id);
INSERT INTO understood (item_id, space_id)
SELECT DISTINCT segment.item_id, embedding.space_id FROM embedding JOIN segment ON segment.id = embedding.segment_id;

-- What is said in a segment, for search by the very words. language: ISO 639-1 or empty.
CREATE TABLE line (
    segment_id INTEGER PRIMARY KEY REFERENCES segment (id) ON DELETE CASCADE,
    text TEXT NOT NULL,
    language TEXT NOT NULL
) STRICT;
CREATE VIRTUAL TABLE line_words USING fts5 (
    text, content = 'line', content_rowid = 'segment_id', tokenize = "unicode61 remove_diacritics 2"
);
CREATE TRIGGER line_added AFTER INSERT ON line BEGIN
    INSERT INTO line_words (rowid, text) VALUES (new.segment_id, new.text);
END;
CREATE TRIGGER line_deleted AFTER DELETE ON line BEGIN
    INSERT INTO line_words (line_words, rowid, text) VALUES ('delete', old.segment_id, old.text);
END;

-- The words in files' names, and in those of the folders that they lie in, from the watched one down.
CREATE VIEW file_text AS
SELECT
    file.id, stem_key AS name,
    substr(rtrim(full, replace(full, '/', '')), length(rtrim(root, replace(root, '/', ''))) + 1) AS place
FROM (SELECT id, folder_id, stem_key, CAST(path AS TEXT) AS full FROM file) AS file
JOIN (SELECT id, CAST(path AS TEXT) AS root FROM folder) AS folder ON folder.id = folder_id;
CREATE VIRTUAL TABLE file_words USING fts5 (name, place, tokenize = "unicode61 remove_diacritics 2");
INSERT INTO file_words (rowid, name, place) SELECT id, name, place FROM file_text;
CREATE TRIGGER file_named AFTER INSERT ON file BEGIN
    INSERT INTO file_words (rowid, name, place) SELECT id, name, place FROM file_text WHERE id = new.id;
END;
CREATE TRIGGER file_renamed AFTER UPDATE OF path, folder_id ON file
WHEN new.path <> old.path OR new.folder_id <> old.folder_id BEGIN
    DELETE FROM file_words WHERE rowid = old.id;
    INSERT INTO file_words (rowid, name, place) SELECT id, name, place FROM file_text WHERE id = new.id;
END;
CREATE TRIGGER file_unnamed AFTER DELETE ON file BEGIN
    DELETE FROM file_words WHERE rowid = old.id;
END;

-- The words in what sounds and videos call themselves.
CREATE VIRTUAL TABLE title_words USING fts5 (
    title, content = 'item', content_rowid = 'id', tokenize = "unicode61 remove_diacritics 2"
);
CREATE TRIGGER title_added AFTER INSERT ON item WHEN new.title <> '' BEGIN
    INSERT INTO title_words (rowid, title) VALUES (new.id, new.title);
END;
CREATE TRIGGER title_deleted AFTER DELETE ON item WHEN old.title <> '' BEGIN
    INSERT INTO title_words (title_words, rowid, title) VALUES ('delete', old.id, old.title);
END;

DROP VIEW result;
CREATE VIEW result AS
SELECT
    file.id AS file_id, file.item_id, file.path, file.kind, item.colour, folder.state = 'online' AS online,
    file.folder_id, file.date_key, file.size_bytes, file.mtime, item.duration_ms
FROM file JOIN item ON item.id = file.item_id JOIN folder ON folder.id = file.folder_id;
