use std::fs;

use tidegate_pipeline::Package;

use super::{Template, create};
use crate::language::Language;
use crate::project::Project;

#[test]
fn every_language_has_every_template_with_a_manifest_and_cases() {
    for language in Language::ALL {
        for template in Template::ALL {
            let home = tempfile::tempdir().unwrap();
            let folder = home.path().join("my-filter");
            create(language, template, &folder).unwrap();
            let what = format!("{language} {}", template.as_str());
            let manifest = Package::manifest(&folder).unwrap_or_else(|error| panic!("{what}: {error}"));
            assert_eq!(manifest.id, "my-team/my-filter", "{what}");
            assert_eq!(Project::open(&folder).unwrap().language, Some(language), "{what}");
            let cases = tidegate_testkit::cases(&folder.join("cases")).unwrap();
            let missing: Vec<_> = manifest
                .hooks
                .iter()
                .filter(|hook| !cases.iter().any(|case| case.hooks().has(*hook)))
                .collect();
            assert!(missing.is_empty(), "{what}: no case for {missing:?}");
            assert!(folder.join("README.md").is_file(), "{what}");
            assert!(folder.join(".gitignore").is_file(), "{what}");
        }
    }
}

#[test]
fn nothing_is_left_of_the_placeholders() {
    for language in Language::ALL {
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join("a-b");
        create(language, Template::Auth, &folder).unwrap();
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            let text = if path.is_file() { fs::read_to_string(&path).unwrap() } else { String::new() };
            assert!(
                !["{{id}}", "{{name}}", "{{crate}}"].iter().any(|mark| text.contains(mark)),
                "{}",
                path.display()
            );
        }
    }
}

#[test]
fn a_folder_that_is_taken_or_makes_no_name_is_refused() {
    let home = tempfile::tempdir().unwrap();
    fs::write(home.path().join("there"), "").unwrap();
    let told = |folder: &str| {
        create(Language::Lua, Template::Auth, &home.path().join(folder)).unwrap_err().to_string()
    };
    assert!(told("../".trim_end_matches('/')).contains("is not empty"));
    assert!(told("there").contains("is not empty"));
    assert!(told("1st").contains("makes no name for a plugin"));
}
