use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use super::Interpreters;

/// A program that counts how often it is asked, and says that it is this interpreter.
fn counting(folder: &Path, executable: &Path) -> PathBuf {
    let program = folder.join("python");
    let (count, executable) = (folder.join("count"), executable.display());
    let text = format!(
        "#!/bin/sh\necho >>{}\necho '{{\"version\": [3, 12], \"executable\": \"{executable}\"}}'\n",
        count.display()
    );
    fs::write(&program, text).unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    program
}

fn asked(folder: &Path) -> usize {
    fs::read_to_string(folder.join("count")).unwrap_or_default().lines().count()
}

#[tokio::test]
async fn an_interpreter_is_asked_again_when_its_file_changes() {
    let folder = tempfile::tempdir().unwrap();
    let program = counting(folder.path(), &folder.path().join("python"));
    let interpreters = Interpreters::default();
    for _ in 0..3 {
        assert_eq!(interpreters.find(Some(&program)).await.unwrap().program, program);
    }
    assert_eq!(asked(folder.path()), 1);
    fs::rename(&program, folder.path().join("old")).unwrap();
    counting(folder.path(), &program);
    interpreters.find(Some(&program)).await.unwrap();
    assert_eq!(asked(folder.path()), 2);
}

#[tokio::test]
async fn an_environment_is_known_by_what_its_link_leads_to() {
    let (folder, venv) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let link = venv.path().join("bin/python");
    let program = counting(folder.path(), &link);
    fs::create_dir(venv.path().join("bin")).unwrap();
    symlink(&program, &link).unwrap();
    let interpreters = Interpreters::default();
    for _ in 0..3 {
        assert_eq!(interpreters.find(Some(venv.path())).await.unwrap().program, link);
    }
    assert_eq!(asked(folder.path()), 1);
    fs::remove_file(&link).unwrap();
    let told = interpreters.find(Some(venv.path())).await.unwrap_err().to_string();
    assert!(told.contains("is no virtual environment"), "{told}");
}

#[tokio::test]
async fn a_script_that_leads_elsewhere_is_asked_each_time() {
    let folder = tempfile::tempdir().unwrap();
    let program = counting(folder.path(), Path::new("/bin/true"));
    let interpreters = Interpreters::default();
    for _ in 0..3 {
        interpreters.find(Some(&program)).await.unwrap();
    }
    assert_eq!(asked(folder.path()), 3);
}
