use super::{Link, first};
use crate::{CredentialsError, Why};

fn absent(text: &str) -> Result<u8, CredentialsError> {
    Err(CredentialsError::absent(text))
}

#[tokio::test]
async fn the_first_that_has_anything_decides() {
    let links = vec![
        Link::new("one", async { absent("nothing") }),
        Link::new("two", async { Ok(2) }),
        Link::new("three", async { panic!("it has no turn") }),
    ];
    assert_eq!(first("X", "do something", links).await, Ok(2));
}

#[tokio::test]
async fn one_that_is_set_up_wrongly_ends_the_search() {
    let links = vec![
        Link::new("one", async { absent("nothing") }),
        Link::new("two", async { Err::<u8, _>(CredentialsError::unfit("half of it")) }),
        Link::new("three", async { Ok(3) }),
    ];
    let error = first("X", "do something", links).await.unwrap_err();
    assert_eq!(
        (error.why(), error.to_string().as_str()),
        (Why::Unfit, "credentials of X from two: half of it")
    );
}

#[tokio::test]
async fn an_error_lists_what_was_tried_on_one_line() {
    let links = vec![
        Link::new("one", async { absent("no\nvariable") }),
        Link::new("two", async { absent("no file") }),
    ];
    let error = first("X", "do something", links).await.unwrap_err();
    let text = "no credentials of X were found (one: no variable, two: no file); do something";
    assert_eq!((error.why(), error.to_string().as_str()), (Why::Absent, text));
}
