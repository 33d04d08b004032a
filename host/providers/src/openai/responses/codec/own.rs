//! Tools that only this API has, and the items of their calls.

/// Calls of tools that the provider or the client runs by this API's rules, and what else a model may say beside words.
/// What the provider keeps for itself, such as `compaction`, is none: other APIs have kinds of the same name.
const CALLS: [&str; 14] = [
    "web_search_call",
    "file_search_call",
    "computer_call",
    "code_interpreter_call",
    "local_shell_call",
    "shell_call",
    "apply_patch_call",
    "custom_tool_call",
    "tool_search_call",
    "tool_search_output",
    "mcp_call",
    "mcp_list_tools",
    "mcp_approval_request",
    "program",
];

/// What the client answers to them.
const RESULTS: [&str; 7] = [
    "computer_call_output",
    "local_shell_call_output",
    "shell_call_output",
    "apply_patch_call_output",
    "custom_tool_call_output",
    "mcp_approval_response",
    "program_output",
];

const TOOLS: [&str; 12] = [
    "file_search",
    "computer",
    "computer_use_preview",
    "mcp",
    "code_interpreter",
    "image_generation",
    "local_shell",
    "shell",
    "apply_patch",
    "custom",
    "tool_search",
    "namespace",
];

/// Whether the model's side of a conversation has such an item.
pub(super) fn is_call(kind: &str) -> bool {
    CALLS.contains(&kind)
}

/// Whether the user's side has it.
pub(super) fn is_result(kind: &str) -> bool {
    RESULTS.contains(&kind)
}

/// Whether it is a tool of this API. Anthropic's search of the web is called the same, with a day of eight digits behind.
pub(super) fn is_tool(kind: &str) -> bool {
    let searches = kind == "web_search" || kind.starts_with("web_search_preview");
    let is_dated = kind.strip_prefix("web_search_").is_some_and(|day| day.len() == 10);
    TOOLS.contains(&kind) || searches || is_dated
}
