use std::env;
use std::fs;
use std::path::Path;
use std::process;

use secrecy::ExposeSecret;

use super::{Environment, ProcessEnvironment};
use crate::testing::{World, hides, refusal};

#[tokio::test]
async fn the_environment_of_the_process_has_its_variables_and_files() {
    let environment = ProcessEnvironment;
    assert_eq!(environment.var("PATH"), env::var("PATH").ok());
    assert_eq!(environment.var("TIDEGATE_NO_SUCH_VARIABLE"), None);
    let path = env::temp_dir().join(format!("tidegate-credentials-{}", process::id()));
    fs::write(&path, "S3CRET").unwrap();
    let text = environment.read(&path).await.unwrap();
    assert_eq!(text.expose_secret(), "S3CRET");
    hides(&text);
    fs::write(&path, vec![b'x'; (1 << 20) + 1]).unwrap();
    assert!(environment.read(&path).await.unwrap_err().to_string().contains("larger"));
    fs::remove_file(&path).unwrap();
    assert!(environment.read(&path).await.is_err());
}

#[tokio::test]
async fn an_empty_variable_is_none_and_a_named_file_must_be_there() {
    let (_, sources) =
        World::default().var("EMPTY", "").var("SPACED", " v\n").var("HOME", "/home/me").build();
    assert_eq!((sources.var("EMPTY"), sources.var("SPACED").as_deref()), (None, Some("v")));
    assert_eq!(sources.home(".aws/config").as_deref(), Some(Path::new("/home/me/.aws/config")));
    assert!(sources.file_if_any(Path::new("/none")).await.unwrap().is_none());
    let text = refusal(sources.file(Path::new("/none")).await);
    assert!(text.starts_with("file \"/none\" cannot be read: ") && text.ends_with("may read"), "{text}");
}
