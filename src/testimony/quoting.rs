//! Words that name a fault without telling of one: in source code, in a list of changes, in the text of a chat message.

/// The words at `at` are only quoted.
pub fn is_quoted(text: &str, at: usize) -> bool {
    let start = text[..at].rfind('\n').map_or(0, |newline| newline + 1);
    let end = text[at..].find('\n').map_or(text.len(), |newline| at + newline);
    let (before, line) = (&text[start..at], &text[start..end]);
    is_source_code(before, line) || is_change(before) || is_in_message(before) || is_row(line)
}

/// A statement of a programming language. Tracebacks quote such lines too: what was raised stands on a line of its own.
fn is_source_code(before: &str, line: &str) -> bool {
    const ALWAYS: [&str; 14] = [
        "return {",
        "rescue ",
        "//",
        "/*",
        "except ",
        "except(",
        "raise ",
        "throw ",
        "} catch",
        "catch (",
        "catch(",
        "assert_eq!",
        "expect(",
        "self.assert",
    ];
    const BEFORE_A_STRING: [&str; 25] = [
        "if ",
        "if(",
        "} else if",
        "elif ",
        "else if",
        "case ",
        "return ",
        "return(",
        "const ",
        "let ",
        "var ",
        "static ",
        "public ",
        "private ",
        "protected ",
        "def ",
        "func ",
        "fn ",
        "assert ",
        "print(",
        "log.",
        "logger.",
        "console.",
        "fmt.",
        "when ",
    ];
    const CALLS: [&str; 12] = [
        "errors.New(",
        "fmt.Errorf(",
        "strings.Contains(",
        ".includes(",
        "new Error(",
        "bail!(",
        "anyhow!(",
        ".contains(",
        "re.compile(",
        "raise ",
        "json({",
        ".json(",
    ];
    let statement = before.trim_start().trim_start_matches(|c: char| c.is_ascii_digit() || matches!(c, '+' | '-' | '>' | '|' | ' '));
    let has_string = before.contains(['"', '\'', '`', '(']);
    let is_assignment = || {
        let (name, value) = statement.split_once(" = ").or_else(|| statement.split_once(" := ")).unwrap_or_default();
        !name.is_empty()
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b' '))
            && value.trim_start_matches([' ', 'f', 'r', 'b']).starts_with(['"', '\'', '`'])
    };
    ALWAYS.iter().any(|word| statement.starts_with(word))
        || has_string && BEFORE_A_STRING.iter().any(|word| statement.starts_with(word))
        || CALLS.iter().any(|call| before.contains(call))
        || line.trim_end().ends_with(") {")
        || is_assignment()
}

/// An item of a changelog or of release notes.
fn is_change(before: &str) -> bool {
    const DONE: [&str; 14] =
        ["fix", "handle", "avoid", "support", "improve", "add", "retry", "retries", "treat", "修复", "处理", "支持", "改进", "新增"];
    let line = before.trim_start();
    let is_conventional = line.contains("commit -m ") || line.starts_with("fix(") || line.starts_with("fix:") || line.starts_with("feat");
    let item = ["- ", "* ", "• "].iter().find_map(|bullet| line.strip_prefix(bullet));
    is_conventional
        || item.is_some_and(|item| {
            let item = item.trim_start_matches(['*', '`', '[']).to_lowercase();
            DONE.iter().any(|word| item.starts_with(word))
        })
}

/// A row of a table in a document.
fn is_row(line: &str) -> bool {
    line.trim_start().starts_with('|') && line.matches('|').count() >= 3
}

/// The text is a program and no report of its failure: a good part of its lines are code, and nothing was raised.
pub fn is_program(text: &str) -> bool {
    const CODE: [&str; 24] = [
        "import ",
        "from ",
        "def ",
        "class ",
        "func ",
        "package ",
        "const ",
        "let ",
        "var ",
        "function ",
        "use ",
        "fn ",
        "pub ",
        "#include",
        "export ",
        "return",
        "if (",
        "if ",
        "} else",
        "module.exports",
        "@",
        "else:",
        "try:",
        "try {",
    ];
    const RAISED: [&str; 7] = ["Traceback (most", "\n    at ", "Caused by", "panicked at", "goroutine ", "\nError: ", "During handling"];
    let lines = text.lines().map(str::trim_start).filter(|line| !line.is_empty());
    let (all, code) = lines.fold((0, 0), |(all, code), line| (all + 1, code + usize::from(CODE.iter().any(|word| line.starts_with(word)))));
    all >= 20 && code * 6 >= all && !RAISED.iter().any(|mark| text.contains(mark))
}

/// Inside the string of a chat message's `"content"`, as a request's log or a transcript holds it.
fn is_in_message(before: &str) -> bool {
    ["\"content\":", "'content':", "\\\"content\\\":"].iter().any(|key| {
        before.rfind(key).is_some_and(|at| {
            let value = before[at + key.len()..].trim_start();
            let quote = if key.starts_with('\'') { '\'' } else { '"' };
            let Some(inside) = value.trim_start_matches('\\').strip_prefix(quote) else {
                return false;
            };
            !closes(inside, quote)
        })
    })
}

/// An unescaped quotation mark stands in it.
fn closes(inside: &str, quote: char) -> bool {
    let mut is_escaped = false;
    inside.chars().any(|c| {
        let ends = c == quote && !is_escaped;
        is_escaped = c == '\\' && !is_escaped;
        ends
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn quoted(text: &str) -> bool {
        is_quoted(text, text.find("socket hang up").unwrap())
    }

    #[test]
    fn code_changes_and_messages_only_quote() {
        let quotations = [
            "if (err.message === 'socket hang up') {",
            "    raise Fault(\"Error: socket hang up\")",
            "ErrHangUp = errors.New(\"socket hang up\")",
            "  throw new Error('socket hang up');",
            "const MESSAGE = `Error: socket hang up`;",
            "MESSAGE = \"socket hang up\"",
            "// Error: socket hang up",
            "message = f\"Error: socket hang up ({code})\"",
            "return { data: null, error: { message: 'Error: socket hang up' } };",
            "| `ECONNRESET` | Error: socket hang up | the peer left |",
            "- Fixed `Error: socket hang up` on Node 20",
            "fix(http): Error: socket hang up (#12)",
            "git commit -am x && git commit -m \"handle Error: socket hang up\"",
            r#"{"messages":[{"role":"user","content":"what is \"Error: socket hang up\"?"}]}"#,
        ];
        for text in quotations {
            assert!(quoted(text), "{text}");
        }
    }

    #[test]
    fn a_program_is_known_by_its_lines_and_a_report_by_what_was_raised() {
        let program = "import os\n\ndef ask():\n    return 1\n".repeat(8);
        assert!(is_program(&program));
        assert!(!is_program(&format!("{program}\nTraceback (most recent call last):\n  File x\nEOFError")));
        assert!(!is_program("import os\ndef ask():\n    pass"));
    }

    #[test]
    fn errors_and_the_sentences_around_them_do_not() {
        let told = [
            "Error: socket hang up",
            "    Error: socket hang up",
            "If I run it I see: Error: socket hang up",
            "message=\"Error: socket hang up\" level=error",
            "- Error: socket hang up",
            r#"{"content":"","error":"Error: socket hang up"}"#,
            "[cause]: Error: socket hang up",
        ];
        for text in told {
            assert!(!quoted(text), "{text}");
        }
    }
}
