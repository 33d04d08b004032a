use crate::testing::eval;

#[tokio::test]
async fn values_keep_their_kinds() {
    let cases = [
        ("encode{a = 1, b = {true, 'x'}}", r#"{"a":1,"b":[true,"x"]}"#),
        ("encode{}", "{}"),
        ("encode(tidegate.json.array())", "[]"),
        ("encode(tidegate.json.array{})", "[]"),
        ("encode(tidegate.json.array{1})", "[1]"),
        ("encode(tidegate.json.null)", "null"),
        ("encode{z = 1, a = 2, m = 3}", r#"{"a":2,"m":3,"z":1}"#),
        ("encode(0.1)", "0.1"),
        ("encode(-0.0)", "0"),
        ("encode(2^53)", "9007199254740992"),
        ("encode(1e300)", "1e+300"),
        ("encode('\\u{e4}\\n\"')", "\"ä\\n\\\"\""),
        (
            "encode(tidegate.json.decode('[[],{},null,1.5,\"x\",{\"a\":[]}]'))",
            r#"[[],{},null,1.5,"x",{"a":[]}]"#,
        ),
        ("encode(tidegate.json.array(tidegate.json.decode('[]')))", "[]"),
        ("decode('{\"a\":[1,2]}').a[2]", "2"),
        ("decode(' 3 ')", "3"),
    ];
    for (call, wanted) in cases {
        assert_eq!(eval(&format!("tidegate.json.{call}")).await, wanted, "{call}");
    }
}

#[tokio::test]
async fn what_is_no_json_is_an_error_at_its_line() {
    let cases = [
        ("encode(print)", "a function is no JSON"),
        ("encode(0/0)", "no JSON number"),
        ("encode{1, nil, 3, x = 1}", "neither an array nor an object"),
        ("encode{[1.5] = 1}", "neither an array nor an object"),
        ("encode('\\xff')", "no UTF-8 from its byte 1"),
        ("encode((function() local t = {} t.t = t return t end)())", "deeper than 100"),
        ("encode(string.rep('x', 2^20))", "larger than 1024 KiB"),
        (
            "encode((function() local t = {} for i = 1, 50 do t = {t, t} end return t end)())",
            "larger than 1024 KiB",
        ),
        ("decode('{')", "EOF"),
        ("decode('1 2')", "trailing"),
        ("decode(1)", "no string"),
        ("decode(string.rep('[', 1000))", "recursion"),
    ];
    for (call, wanted) in cases {
        let told = eval(&format!("select(2, pcall(function() return tidegate.json.{call} end))")).await;
        assert!(told.contains(wanted), "{call}: {told}");
        assert!(told.starts_with("plugin.lua:3: "), "{told}");
    }
}
