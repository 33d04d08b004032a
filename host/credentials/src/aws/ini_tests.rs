use super::parse;

#[test]
fn sections_hold_values_and_comments_do_not_count() {
    let text = "ignored = before any section
# a comment
[default]
region=us-east-1
AWS_Access_Key_Id =  AKID   # the rest of the line
aws_secret_access_key = a=b;c#d
; another
s3 =
  max_concurrent_requests = 20
  role_arn = not of the profile
[ profile   dev ] ; here, too
role_arn = arn:aws:iam::1:role/r
no equals sign
[broken
key = of nobody
[empty]
[default]
output = json
";
    let sections = parse(text);
    let names: Vec<_> = sections.keys().map(String::as_str).collect();
    assert_eq!(names, ["default", "empty", "profile dev"]);
    let default = &sections["default"];
    assert_eq!(default["aws_access_key_id"], "AKID");
    assert_eq!(default["aws_secret_access_key"], "a=b;c#d");
    assert_eq!((&*default["region"], &*default["output"], &*default["s3"]), ("us-east-1", "json", ""));
    assert!(!default.contains_key("role_arn") && !default.contains_key("max_concurrent_requests"));
    assert_eq!(sections["profile dev"]["role_arn"], "arn:aws:iam::1:role/r");
    assert_eq!(sections["profile dev"].len(), 1);
}

#[test]
fn line_ends_of_windows_are_read() {
    let sections = parse("[a]\r\nk = v\r\n");
    assert_eq!(sections["a"]["k"], "v");
}
