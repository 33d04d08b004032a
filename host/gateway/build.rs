//! Whether there is a native plugin for the quickstart to carry: `scripts/build-native.sh` puts it beside its manifest.

use std::path::Path;

const LIBRARY: &str = "../../plugins/hmac-auth/hmac_auth.so";

fn main() {
    println!("cargo::rustc-check-cfg=cfg(native_plugin)");
    if Path::new(LIBRARY).is_file() {
        println!("cargo::rustc-cfg=native_plugin");
        println!("cargo::rerun-if-changed={LIBRARY}");
    } else {
        // The folder: a file that is not there would count as changed at every build.
        println!("cargo::rerun-if-changed=../../plugins/hmac-auth");
    }
}
