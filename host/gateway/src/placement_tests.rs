use tidegate_contract::{Hook, Hooks};

use super::{Place, misplaced};

fn told(place: Place<'_>, hooks: &[Hook]) -> String {
    misplaced(place, hooks.iter().copied().collect::<Hooks>()).unwrap_or_default()
}

#[test]
fn a_backend_runs_one_hook_only() {
    assert_eq!(told(Place::Backend, &[Hook::TransformRequest, Hook::TransformUpstream]), "");
    for hook in [Hook::ModerateInput, Hook::TransformResponse, Hook::Authenticate] {
        let text = told(Place::Backend, &[hook, Hook::TransformUpstream]);
        assert!(text.contains(&format!("the hook \"{hook}\" of this one would never run")), "{text}");
    }
}

#[test]
fn what_a_backend_alone_runs_is_of_no_use_elsewhere() {
    let place = Place::Requests { opaque: None };
    assert!(told(place, &[Hook::TransformUpstream]).contains("move it to \"filters\" of a backend"));
    assert_eq!(told(place, &[Hook::TransformUpstream, Hook::TransformRequest]), "");
    assert_eq!(told(place, &[Hook::ModerateInput]), "");
}

#[test]
fn what_nobody_can_read_is_not_moderated() {
    let place = Place::Requests { opaque: Some("files") };
    assert!(told(place, &[Hook::ModerateOutput]).contains("cluster \"files\" of provider \"http\""));
    assert_eq!(told(place, &[Hook::Authenticate]), "");
}
