use wit_parser::Resolve;

use super::*;

/// The page of a contract that is made of `interfaces`, with `world` as the body of its world.
fn page_of(interfaces: &str, world: &str) -> Result<String, String> {
    let mut resolve = Resolve::default();
    let text =
        format!("/// In the first place.\npackage a:b@1.2.3;\n{interfaces}\nworld plugin {{ {world} }}\n");
    let package = resolve.push_str("plugin.wit", &text).map_err(|error| format!("{error:#}"))?;
    let mut made = page(resolve, package)?;
    assert_eq!(made.len(), 1);
    Ok(String::from_utf8(made.remove(0).1).unwrap())
}

/// What stands below a heading, down to the next.
fn below<'a>(page: &'a str, heading: &str) -> &'a str {
    let (_, rest) =
        page.split_once(&format!("{heading}\n\n")).unwrap_or_else(|| panic!("no \"{heading}\":\n{page}"));
    rest.split("\n#").next().unwrap().trim()
}

const SERVICE: &str = "
    /// Said of the service.
    interface kv {
      use shapes.{pair as couple, text};
      /// Said of the record,
      /// in two lines.
      record entry { value: list<u8>, next: option<entry-kind>, both: couple, words: text }
      variant entry-kind {
        /// A first | or none.
        plain,
        named(list<tuple<string, couple>>),
      }
      enum level { low, high }
      type name = string;
      /// Said of the function.
      get: func(key: string, of: entry) -> result<option<entry>, entry-kind>;
      done: func() -> result<_, string>;
      gone: func() -> result;
    }
    interface shapes {
      type text = string;
      record pair { left: u32, right: f64 }
    }";

fn service() -> String {
    page_of(SERVICE, "import kv;").unwrap()
}

#[test]
fn a_signature_leads_to_the_types_in_it() {
    let page = service();
    assert_eq!(
        below(&page, "#### kv.get"),
        "`get: func(key: string, of: `[`entry`](#kventry)`) -> result<option<`[`entry`](#kventry)`>, `[`entry-kind`](#kventry-kind)`>`\
         \n\nSaid of the function."
    );
    assert_eq!(below(&page, "#### kv.done"), "`done: func() -> result<_, string>`");
    assert_eq!(below(&page, "#### kv.gone"), "`gone: func() -> result`");
}

#[test]
fn a_record_is_a_table_below_its_text_and_what_was_used_leads_to_where_it_is_declared() {
    assert_eq!(
        below(&service(), "#### kv.entry"),
        "Record.\n\nSaid of the record,\nin two lines.\n\n| field | type |\n| --- | --- |\n| `value` | `list<u8>` |\n\
         | `next` | `option<`[`entry-kind`](#kventry-kind)`>` |\n| `both` | [`pair`](#shapespair) |\n| `words` | [`text`](#shapestext) |"
    );
}

#[test]
fn a_variant_and_an_enumeration_are_tables_and_an_empty_column_is_left_out() {
    let page = service();
    assert_eq!(
        below(&page, "#### kv.entry-kind"),
        "Variant.\n\n| case | carries | meaning |\n| --- | --- | --- |\n| `plain` | | A first \\| or none. |\n\
         | `named` | `list<tuple<string, `[`pair`](#shapespair)`>>` | |"
    );
    assert_eq!(below(&page, "#### kv.level"), "Enum.\n\n| case |\n| --- |\n| `low` |\n| `high` |");
    assert_eq!(below(&page, "#### kv.name"), "Another name for `string`.");
}

#[test]
fn shapes_hooks_and_services_are_told_apart() {
    let hooks = "interface moderation { input: func(); output: func(); }";
    let page =
        page_of(&(SERVICE.to_owned() + hooks), "/// Said of it.\nimport kv; export moderation;").unwrap();
    let at = |heading: &str| {
        page.find(&format!("\n{heading}\n")).unwrap_or_else(|| panic!("no \"{heading}\":\n{page}"))
    };
    let order = [
        "## Shared shapes",
        "### shapes",
        "## Hooks",
        "### moderation",
        "## Services",
        "### kv",
        "## The world",
    ];
    assert!(order.map(at).is_sorted(), "{page}");
    assert_eq!(below(&page, "#### moderation.input"), "`input: func()`\n\nHook `moderate_input`.");
    assert!(below(&page, "### kv").starts_with("Said of the service."));
    assert!(
        below(&page, "## The world").contains("- imports: [kv](#kv)\n- exports: [moderation](#moderation)")
    );
    assert!(page.contains("Package `a:b@1.2.3`.\n\nIn the first place.\n"));
}

#[test]
fn a_hook_without_a_name_is_refused() {
    let told = page_of("interface moderation { later: func(); }", "export moderation;").unwrap_err();
    assert!(told.contains("\"moderation.later\""), "{told}");
}

#[test]
fn what_has_no_form_is_refused() {
    let told = page_of("interface kv { resource store; get: func(); }", "import kv;").unwrap_err();
    assert!(told.contains("\"kv.store\""), "{told}");
    let told = page_of("", "import now: func();").unwrap_err();
    assert!(told.contains("interfaces only"), "{told}");
}

#[test]
fn two_sections_with_one_address_are_refused() {
    let told = page_of("interface hooks { get: func(); }", "import hooks;").unwrap_err();
    assert!(told.contains("\"#hooks\""), "{told}");
}

#[test]
fn every_link_of_the_contract_s_page_leads_to_a_section() {
    let mut resolve = Resolve::default();
    let wit = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../wit/0.1");
    let (package, _) = resolve.push_path(wit).unwrap();
    let made = page(resolve, package).unwrap();
    let page = std::str::from_utf8(&made[0].1).unwrap();
    let headings: BTreeSet<_> = page
        .lines()
        .filter(|line| line.starts_with('#'))
        .map(|line| address(line.trim_start_matches(['#', ' '])))
        .collect();
    let links: BTreeSet<_> =
        page.split("](#").skip(1).map(|rest| rest.split(')').next().unwrap().to_owned()).collect();
    assert!(links.len() > 20 && links.is_subset(&headings), "{:?}", links.difference(&headings));
    for (.., hook) in HOOKS {
        assert!(page.contains(&format!("Hook `{hook}`.")), "{hook}");
    }
    assert!(page.lines().all(|line| line.trim_end() == line));
}
