use super::*;

fn data(kind: MediaKind, media_type: &str) -> Result<String, String> {
    let source = Source::Data { media_type: media_type.to_owned().into(), data: "AAAA".into() };
    let block = encode(Media::new(kind, source), &mut Names::default())?;
    Ok(Json::from(block).to_text())
}

#[test]
fn a_media_type_becomes_a_format() {
    let png = r#"{"image":{"format":"png","source":{"bytes":"AAAA"}}}"#;
    assert_eq!(data(MediaKind::Image, "image/png"), Ok(png.to_owned()));
    let mp3 = r#"{"audio":{"format":"mp3","source":{"bytes":"AAAA"}}}"#;
    assert_eq!(data(MediaKind::Audio, "audio/mpeg"), Ok(mp3.to_owned()));
    assert_eq!(data(MediaKind::Image, "image/tiff"), Err("an image of type image/tiff".to_owned()));
}

#[test]
fn only_addresses_of_s3_are_read_by_the_provider() {
    let url = |url: &'static str| {
        let source = Source::Url { url: url.into(), media_type: None };
        encode(Media::new(MediaKind::Video, source), &mut Names::default())
            .map(|block| Json::from(block).to_text())
    };
    let video = r#"{"video":{"format":"three_gp","source":{"s3Location":{"uri":"s3://b/clip.3GP"}}}}"#;
    assert_eq!(url("s3://b/clip.3GP"), Ok(video.to_owned()));
    assert_eq!(url("s3://b/clip"), Err("a video of a type that its address does not tell".to_owned()));
    assert_eq!(url("https://host/clip.mp4"), Err("a video by its address".to_owned()));
}

#[test]
fn names_are_safe_and_no_two_are_the_same() {
    let mut names = Names::default();
    let given =
        ["Q3_report.final.pdf", "Q3-report-final", "a  b\t(c) [d]", "отчёт.pdf", "", "../../etc/passwd"];
    let taken: Vec<String> = given.iter().map(|name| names.take(name)).collect();
    let safe =
        ["Q3-report-final", "Q3-report-final (2)", "a b (c) [d]", "document", "document (2)", "etc-passwd"];
    assert_eq!(taken, safe);
    assert!(names.take(&"x".repeat(500)).len() <= MAX_NAME);
}

#[test]
fn every_format_is_read_as_its_media_type_and_back() {
    for (kind, name, _) in FORMATS {
        let Some(media_type) = media_type(kind, name) else { panic!("{name} has no media type") };
        assert!(format(kind, media_type).is_some(), "{name}");
    }
}
