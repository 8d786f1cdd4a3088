//! Texts of others in a text of ours: short, and without what moves a terminal's cursor.

/// A caller's argument, in an error about it.
pub(crate) fn printable(text: &str) -> String {
    one_line(text, 80)
}

/// At most `longest` characters of the text, with control characters as escapes.
pub(crate) fn one_line(text: &str, longest: usize) -> String {
    let mut shown = String::with_capacity(text.len().min(longest));
    for c in text.chars().take(longest) {
        if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}') {
            shown.extend(c.escape_unicode());
        } else {
            shown.push(c);
        }
    }
    if text.chars().nth(longest).is_some() {
        shown.push('…');
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::one_line;

    #[test]
    fn a_text_stays_on_its_line_and_within_its_length() {
        assert_eq!(one_line("Größe 🕐", 80), "Größe 🕐");
        assert_eq!(one_line("no\nERROR \u{1b}[2J", 80), "no\\u{a}ERROR \\u{1b}[2J");
        assert_eq!(one_line("Größe", 3), "Grö…");
    }
}
