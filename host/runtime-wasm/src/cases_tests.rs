use crate::testing::{pii_redact, runtime};
use tidegate_pipeline::Runtime;
#[tokio::test]
async fn cases() {
    let package = pii_redact();
    let code = runtime().load(&package).await.unwrap();
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../plugins/pii-redact/cases");
    for case in tidegate_testkit::cases(&folder).unwrap() {
        if let Err(error) = tidegate_testkit::run(&case, &*code, &package.manifest).await {
            panic!("{error}");
        }
    }
}
