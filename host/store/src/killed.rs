//! Processes that tests kill in the middle of their work: this test binary once more, running one ignored test.

use std::ffi::OsString;
use std::io::{BufRead, BufReader, Lines};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Names the file to a process that is to be killed.
const FILE: &str = "TIDEGATE_STORE_VICTIM";

/// What stands before each line that is meant for the test.
const MARK: &str = "victim: ";

/// A process that works on a file until it is killed.
pub(crate) struct Victim {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Victim {
    /// `test` is the whole name of an ignored test.
    pub(crate) fn start(test: &str, file: &Path) -> Self {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args([test, "--exact", "--ignored", "--nocapture"])
            .env(FILE, file)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { child, lines }
    }

    /// The next line that it told; `None` where it has ended.
    pub(crate) fn told(&mut self) -> Option<String> {
        let mut told = self.lines.by_ref().map_while(Result::ok);
        told.find_map(|line| line.strip_prefix(MARK).map(str::to_owned))
    }

    /// Kills it at once; all that it told before.
    pub(crate) fn kill(mut self) -> Vec<String> {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        std::iter::from_fn(|| self.told()).collect()
    }
}

/// The file of a victim; `None` where no test has started this process.
pub(crate) fn file() -> Option<PathBuf> {
    std::env::var_os(FILE).map(|file: OsString| file.into())
}

/// Tells something to the test.
pub(crate) fn tell(line: &str) {
    println!("{MARK}{line}");
}

/// How often a test kills: more often where promises are proven (`make proof`).
pub(crate) fn kills() -> u64 {
    if std::env::var_os("TIDEGATE_PROOF").is_some() { 50 } else { 5 }
}

/// Milliseconds since 1970.
pub(crate) fn now() -> u64 {
    let time = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    time.as_millis().try_into().unwrap()
}

/// The time before a kill from which changes may be lost: an interval of 100 ms, and a commit on a busy machine.
pub(crate) const LOSS: Duration = Duration::from_millis(500);

/// Lets a victim work for so long that a kill must leave most of it.
pub(crate) fn wait(round: u64) {
    std::thread::sleep(LOSS + Duration::from_millis(200 + round * 37 % 400));
}
