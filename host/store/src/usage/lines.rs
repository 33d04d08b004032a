//! The account of exchanges as lines of JSON.

use std::fs::{File, Metadata, OpenOptions};
use std::io::{BufRead, BufReader, ErrorKind, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use tidegate_pipeline::{UsageQuery, UsageRecord};

use super::account::{Account, Scan, Sink, Visit};
use super::seen::Seen;
use crate::open_error::{OpenError, Problem};

const HOLDS: &str = "the account of usage";

impl Account {
    /// In a file with one JSON object a line, for one process: opens or makes it, readable by nobody else.
    ///
    /// What was appended 100 ms ago outlives the process, however it ends; the last seconds may go with a loss of power. The
    /// file may be renamed or removed at any time, as rotations of logs do: the next batch begins another one. Reports read
    /// the file as it is now, and nothing of renamed ones; a line that is no record, such as one that a kill has cut off, is
    /// passed over.
    ///
    /// # Errors
    /// Where the file cannot be opened or made.
    pub fn in_lines(path: &Path) -> Result<Self, OpenError> {
        let told = |problem: Problem| OpenError::new(path, HOLDS, problem);
        let file = open(path).map_err(|error| told(error.into()))?;
        let sink = Writer { file, path: path.to_owned() };
        Self::start(sink, Reader(path.to_owned())).map_err(|error| told(error.into()))
    }
}

/// A line that was cut off is ended, so that the next record has one of its own.
fn open(path: &Path) -> std::io::Result<File> {
    let mut file = OpenOptions::new().read(true).append(true).create(true).mode(0o600).open(path)?;
    let mut last = *b"\n";
    if file.seek(SeekFrom::End(0))? > 0 {
        file.seek(SeekFrom::End(-1))?;
        file.read_exact(&mut last)?;
    }
    if last != *b"\n" {
        file.write_all(b"\n")?;
    }
    Ok(file)
}

struct Writer {
    file: File,
    path: PathBuf,
}

impl Writer {
    /// Opens the file again where its name stands for another one, or for none.
    fn follow(&mut self) -> std::io::Result<()> {
        let id = |metadata: Metadata| (metadata.dev(), metadata.ino());
        let stands = std::fs::metadata(&self.path).map(id).ok();
        if stands != Some(id(self.file.metadata()?)) {
            self.file = open(&self.path)?;
        }
        Ok(())
    }

    /// A part of a batch is taken back, so that the next try writes nothing twice.
    fn add(&mut self, batch: &[UsageRecord]) -> std::io::Result<()> {
        let mut lines = Vec::with_capacity(512 * batch.len());
        for record in batch {
            serde_json::to_writer(&mut lines, record)?;
            lines.push(b'\n');
        }
        self.follow()?;
        let length = self.file.metadata()?.len();
        let written = self.file.write_all(&lines);
        if written.is_err() {
            self.file.set_len(length)?;
        }
        written
    }
}

impl Sink for Writer {
    fn write(&mut self, batch: &[UsageRecord]) -> Result<(), String> {
        self.add(batch).map_err(|error| OpenError::new(&self.path, HOLDS, error).to_string())
    }
}

struct Reader(PathBuf);

impl Scan for Reader {
    fn scan(&mut self, _: &UsageQuery, visit: Visit<'_>) -> Result<(), String> {
        self.lines(visit).map_err(|error| OpenError::new(&self.0, HOLDS, error).to_string())
    }
}

impl Reader {
    fn lines(&self, visit: Visit<'_>) -> std::io::Result<()> {
        let file = match File::open(&self.0) {
            // Renamed, and nothing was appended since.
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
            opened => opened?,
        };
        let mut lines = BufReader::with_capacity(256 * 1024, file);
        let mut line = Vec::new();
        while lines.read_until(b'\n', &mut line)? > 0 {
            let record: Option<UsageRecord> = serde_json::from_slice(&line).ok();
            if record.is_some_and(|record| visit(&Seen::from(&record)).is_break()) {
                break;
            }
            line.clear();
        }
        Ok(())
    }
}

#[cfg(test)]
#[path = "lines_tests.rs"]
mod tests;
