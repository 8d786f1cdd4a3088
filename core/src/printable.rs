//! Shortens and escapes untrusted strings for use in error messages, and leaves out possible secrets.

/// Returns at most `longest` characters of a string on one line: characters that move the cursor, change the direction
/// of the text or are invisible are escaped.
pub(crate) fn one_line(text: &str, longest: usize) -> String {
    let mut shown = String::with_capacity(text.len().min(longest));
    for c in text.chars().take(longest) {
        if c.is_control() || is_invisible(c) {
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

/// Quotes a caller's argument that should be a name (of a host, a header, a profile), unless it may be a secret.
pub(crate) fn quoted_name(argument: &str) -> String {
    quoted(argument, is_name(argument))
}

/// Quotes a caller's argument that should be a timestamp or an interval, unless it may be a secret.
pub(crate) fn quoted_time(argument: &str) -> String {
    quoted(argument, is_time(argument) || is_name(argument))
}

/// Describes a character that an argument must not hold.
pub(crate) fn character(c: char) -> String {
    let code = u32::from(c);
    match c {
        ' ' => "a space".to_owned(),
        '\t' => "a tab".to_owned(),
        '\n' | '\u{b}' | '\u{c}' | '\r' | '\u{85}' | '\u{2028}' | '\u{2029}' => "a line break".to_owned(),
        _ if c.is_control() => format!("a control character (U+{code:04X})"),
        _ if c.is_whitespace() => format!("a space (U+{code:04X})"),
        _ if is_invisible(c) => format!("an invisible character (U+{code:04X})"),
        _ => format!("`{c}`"),
    }
}

/// Returns whether a character is invisible: line separators, marks that change the direction of the text, and the
/// other characters of Unicode's category "format" that no script needs to be readable. Right-to-left letters and
/// combining marks are not invisible.
pub(crate) fn is_invisible(c: char) -> bool {
    matches!(
        c,
        '\u{ad}'
            | '\u{61c}'
            | '\u{115f}'..='\u{1160}'
            | '\u{180e}'
            | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{3164}'
            | '\u{feff}'
            | '\u{ffa0}'
            | '\u{fff9}'..='\u{fffb}'
            | '\u{1bca0}'..='\u{1bca3}'
            | '\u{1d173}'..='\u{1d17a}'
            | '\u{e0000}'..='\u{e0fff}'
    )
}

fn quoted(argument: &str, is_plausible: bool) -> String {
    match argument.chars().count() {
        0 => "(empty)".to_owned(),
        _ if is_plausible => format!("`{argument}`"),
        1 => "(1 character, not shown)".to_owned(),
        length => format!("({length} characters, not shown)"),
    }
}

/// The maximum size of an argument that an error shows, in bytes.
const LONGEST: usize = 64;

/// Returns whether a string looks like a name such as `eu-centrall-1`, `mypurecloud..de` or `X-Api-Key`: words with few
/// digits at the end, joined by dots, hyphens and underscores. Tokens and secrets that a service generates do not.
fn is_name(text: &str) -> bool {
    const JOINTS: [char; 3] = ['.', '-', '_'];
    let has_joints = text.contains(JOINTS);
    text.len() <= LONGEST
        && text.split(JOINTS).all(is_word)
        && (has_joints || text.bytes().all(|byte| byte.is_ascii_alphabetic()))
}

/// Returns whether a string has at most 20 letters (with at most one change from lower to upper case, as in `TraceId`),
/// followed by at most 3 digits.
fn is_word(text: &str) -> bool {
    let letters = text.trim_end_matches(|c: char| c.is_ascii_digit());
    let bytes = letters.as_bytes();
    let humps = bytes.windows(2).filter(|pair| pair[0].is_ascii_lowercase() && pair[1].is_ascii_uppercase());
    text.len() - letters.len() <= 3
        && letters.len() <= 20
        && bytes.iter().all(u8::is_ascii_alphabetic)
        && humps.count() <= 1
}

/// Returns whether a string looks like one or two timestamps: digits and their separators.
fn is_time(text: &str) -> bool {
    text.len() <= LONGEST
        && text.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '+' | '-'))
        && text.bytes().all(|byte| byte.is_ascii_digit() || b"+-:., /TZtz".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::{character, one_line, quoted_name, quoted_time};

    #[test]
    fn a_string_is_limited_to_one_line_and_its_maximum_length() {
        assert_eq!(one_line("Größe 🕐", 80), "Größe 🕐");
        assert_eq!(one_line("no\nERROR \u{1b}[2J", 80), "no\\u{a}ERROR \\u{1b}[2J");
        assert_eq!(one_line("Größe", 3), "Grö…");
    }

    #[test]
    fn invisible_and_direction_changing_characters_are_escaped() {
        let hidden = (0x200B..=0x200F)
            .chain(0x202A..=0x202E)
            .chain(0x2060..=0x2064)
            .chain(0x2066..=0x2069)
            .chain([0xAD, 0x61C, 0x2028, 0x2029, 0xFEFF, 0xE0001, 0xE0041, 0xE007F]);
        for code in hidden {
            let c = char::from_u32(code).expect("a character");
            assert_eq!(one_line(&format!("a{c}b"), 80), format!("a\\u{{{code:x}}}b"));
        }
        for kept in ["שלום", "سلام", "e\u{301}", "เชียงใหม่", "☎\u{fe0f}", "한국어", "𝒳"]
        {
            assert_eq!(one_line(kept, 80), kept);
        }
    }

    #[test]
    fn a_misspelled_name_or_timestamp_is_shown() {
        for name in [
            "eu-centrall-1",
            "EU_CENTRAL_1",
            "mypurecloud..de",
            "api.usw22.pure.cloud",
            "mars",
            "10.0.0.300",
            "X-B3-TraceId",
            "-.-",
        ] {
            assert_eq!(quoted_name(name), format!("`{name}`"));
        }
        for time in ["2026-13-01T00:00:00Z", "2026-03-01 08:30:00+01:00/2026-03-08", "yesterday"] {
            assert_eq!(quoted_time(time), format!("`{time}`"));
        }
        assert_eq!(quoted_name(""), "(empty)");
    }

    #[test]
    fn a_possible_secret_is_not_shown() {
        for secret in [
            "user:pw@gateway.example.com",
            "pw@gateway.example.com",
            "user:pw",
            "mypurecloud.de?token=pw",
            "mypurecloud.de#pw",
            "https://mypurecloud.de/pw",
            "hq3KpZ0vX1yT7wB9",
            "mW4tS9xQhq3KpZ0v-R4b2Qm8tLk1Zc7Vn_x",
            "6f1c5a0e-3b1d-4f0e-9a53-0c2f1f6f7f10",
            "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abc",
            "Tr0ub4dor&3",
            "hunter2",
            "correct horse",
            "Größe",
        ] {
            let length = secret.chars().count();
            for shown in [quoted_name(secret), quoted_time(secret)] {
                assert_eq!(shown, format!("({length} characters, not shown)"), "{secret}");
            }
        }
        assert_eq!(quoted_name(&"long-".repeat(13)), "(65 characters, not shown)");
        assert_eq!(quoted_time("@"), "(1 character, not shown)");
    }

    #[test]
    fn a_character_is_described_by_its_kind() {
        for (c, name) in [
            (' ', "a space"),
            ('\u{a0}', "a space (U+00A0)"),
            ('\t', "a tab"),
            ('\n', "a line break"),
            ('\u{2028}', "a line break"),
            ('\0', "a control character (U+0000)"),
            ('\u{7f}', "a control character (U+007F)"),
            ('\u{200b}', "an invisible character (U+200B)"),
            ('\u{e0041}', "an invisible character (U+E0041)"),
            ('/', "`/`"),
        ] {
            assert_eq!(character(c), name);
        }
    }
}
