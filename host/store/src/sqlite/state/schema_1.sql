-- The number of a row is the version of its record; AUTOINCREMENT uses none twice.
CREATE TABLE records (
    version INTEGER PRIMARY KEY AUTOINCREMENT,
    collection TEXT NOT NULL,
    id TEXT NOT NULL,
    value BLOB NOT NULL,
    UNIQUE (collection, id)
) STRICT;

-- Times are microseconds since 1970; "parts" is a list of [time, used] in JSON.
CREATE TABLE counters (
    key TEXT PRIMARY KEY,
    shape TEXT NOT NULL,
    unit TEXT NOT NULL,
    used INTEGER NOT NULL,
    last INTEGER NOT NULL,
    begins INTEGER NOT NULL,
    ends INTEGER NOT NULL,
    parts TEXT NOT NULL
) STRICT;

-- "parts" is a list of [key, shape, unit, time, amount] in JSON.
CREATE TABLE reservations (
    id TEXT PRIMARY KEY,
    until INTEGER NOT NULL,
    parts TEXT NOT NULL
) STRICT;

-- "due" is when a value expires.
CREATE TABLE key_values (
    key TEXT PRIMARY KEY,
    value BLOB NOT NULL,
    version INTEGER NOT NULL,
    due INTEGER
) STRICT;
