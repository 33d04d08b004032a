use crate::testing::said;
use crate::testing::{eval, transform};

#[tokio::test]
async fn nothing_leads_out() {
    for name in [
        "io",
        "os",
        "debug",
        "package",
        "require",
        "loadstring",
        "load",
        "loadfile",
        "dofile",
        "getfenv",
        "setfenv",
        "newproxy",
        "collectgarbage",
        "gcinfo",
        "module",
        "string.dump",
        "_G.os",
        "_G._G.debug",
    ] {
        assert_eq!(eval(name).await, "nil", "{name}");
    }
    for name in ["table", "string", "math", "coroutine", "bit32", "buffer", "utf8", "vector", "tidegate"] {
        assert_eq!(eval(&format!("type({name})")).await, "table", "{name}");
    }
}

#[tokio::test]
async fn what_all_share_cannot_be_changed() {
    for attempt in [
        "string.find = nil",
        "getmetatable('').__index = {}",
        "getmetatable('').__add = print",
        "setmetatable(string, {})",
        "rawset(_G, 'print', nil)",
        "_G.pcall = nil",
        "rawset(string, 'rep', nil)",
        "setmetatable(_G, {})",
        "table.clear(table)",
        "tidegate.log = nil",
        "tidegate.log.info = nil",
        "getmetatable(tidegate.log).__call = nil",
        "rawset(tidegate.kv, 'get', nil)",
        "tidegate.json.null = nil",
        "tidegate.pass().verdict = 'deny'",
        "getmetatable(tidegate.json.array()).__index = nil",
        "setmetatable(tidegate.json.array(), {})",
        "getmetatable(ctx).__index = print",
        "getmetatable(headers).__index = print",
        "ctx.route = 'x'",
        "headers['x-a'] = 'x'",
        "table.insert(coroutine, 1)",
        "math.pi = 3",
    ] {
        let plugin = transform(&format!(
            "local ok = pcall(function() {attempt} end) return tidegate.reply{{body = tostring(ok)}}"
        ))
        .await;
        assert_eq!(said(&plugin, "{}").await, "false", "{attempt}");
    }
}

#[tokio::test]
async fn globals_of_a_script_are_its_own() {
    let plugin =
        transform("x = (x or 0) + 1 return tidegate.reply{body = tostring(x) .. tostring(_G.x)}").await;
    assert_eq!(said(&plugin, "{}").await, "1nil");
    assert_eq!(said(&plugin, "{}").await, "2nil");
}

#[tokio::test]
async fn guarded_functions_do_what_they_did() {
    let cases = [
        ("string.find('hello', 'l+')", "3"),
        ("select(2, ('hello'):find('l+'))", "4"),
        ("('a.b'):find('.', 1, true)", "2"),
        ("('key=value'):match('(%w+)=')", "key"),
        ("(('a b'):gsub('%w', {a = 'x'}))", "x b"),
        ("(('aaa'):gsub('a', 'b', 2))", "bba"),
        ("#('a,b,c'):split(',')", "3"),
        ("#('a,b'):split()", "2"),
        ("(function() local n = 0 for w in ('a b c'):gmatch('%w') do n += 1 end return n end)()", "3"),
        ("(function() local t = {3, 1, 2} table.sort(t) return table.concat(t) end)()", "123"),
        ("(function() local t = {3, 1, 2} table.sort(t, function(a, b) return a > b end) return t[1] end)()", "3"),
        ("table.concat(table.move({1, 2, 3}, 2, 3, 1))", "233"),
        ("table.concat(table.move({1, 2, 3}, 1, 3, 2, {0}))", "0123"),
        ("(function() local c = coroutine.wrap(function(a) local b = coroutine.yield(a + 1) return b * 2 end)
            return c(1) + c(5) end)()", "12"),
        ("select('#', coroutine.resume(coroutine.create(function() return nil, nil end)))", "3"),
        ("select(2, coroutine.resume(coroutine.create(function() error('x', 0) end)))", "x"),
        ("select(2, pcall(coroutine.wrap(function() error('y', 0) end)))", "y"),
    ];
    for (expression, wanted) in cases {
        assert_eq!(eval(expression).await, wanted, "{expression}");
    }
}
