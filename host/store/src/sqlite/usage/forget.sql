DELETE FROM exchanges WHERE rowid IN (SELECT rowid FROM exchanges WHERE time < ?1 LIMIT ?2)
