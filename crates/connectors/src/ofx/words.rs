//! Words of an institution made fit to be shown: no control characters, no account numbers, no endless lines.

/// The longest sentence of an institution that is shown, in characters. MESSAGE is A-255 (OFX 2.3 §3.1.5).
const SENTENCE_CHARS_MAX: usize = 255;
/// The longest name, payee or memo kept, in characters: EXTDNAME is A-100, MEMO A-255.
const LABEL_CHARS_MAX: usize = 255;
/// Runs of digits of at least this length may be account or card numbers.
const NUMBER_DIGITS: usize = 5;

/// A sentence or name that may be shown to the client: digit runs are masked but for their last four.
pub(super) fn masked(text: &str) -> String {
    let clean = limited(text, SENTENCE_CHARS_MAX);
    let mut shown = String::with_capacity(clean.len());
    let mut digits = String::new();
    for c in clean.chars().chain(std::iter::once('\0')) {
        if c.is_ascii_digit() {
            digits.push(c);
            continue;
        }
        if digits.len() >= NUMBER_DIGITS {
            shown.push_str("••••");
            shown.push_str(&digits[digits.len() - 4..]);
        } else {
            shown.push_str(&digits);
        }
        digits.clear();
        if c != '\0' {
            shown.push(c);
        }
    }
    shown
}

/// A payee or memo: as the institution wrote it, on one line.
pub(super) fn label(text: &str) -> String {
    // Some servers escape twice, so that `&amp;amp;` arrives as `&amp;`.
    let once_more =
        text.contains("&amp;") || text.contains("&lt;") || text.contains("&gt;") || text.contains("&#39;");
    if once_more {
        let decoded =
            text.replace("&lt;", "<").replace("&gt;", ">").replace("&#39;", "'").replace("&amp;", "&");
        return limited(&decoded, LABEL_CHARS_MAX);
    }
    limited(text, LABEL_CHARS_MAX)
}

fn limited(text: &str, chars_max: usize) -> String {
    let mut clean = String::with_capacity(text.len().min(chars_max * 4));
    let words = text
        .split(|c: char| c.is_whitespace() || c.is_control() || is_invisible(c))
        .filter(|word| !word.is_empty());
    for word in words {
        if !clean.is_empty() {
            clean.push(' ');
        }
        clean.push_str(word);
        if clean.len() > chars_max * 4 {
            break;
        }
    }
    if clean.chars().count() <= chars_max {
        return clean;
    }
    let mut cut: String = clean.chars().take(chars_max - 1).collect();
    cut.push('…');
    cut
}

/// Characters that reorder or hide text.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_masked_in_what_is_shown() {
        assert_eq!(
            masked("Account 123456789 is locked, call 555-0100"),
            "Account ••••6789 is locked, call 555-0100"
        );
        assert_eq!(masked("4111111111111111"), "••••1111");
        assert_eq!(masked("a\u{0}b\u{1b}[31m\r\n c\u{202e}d"), "a b [31m c d");
        assert_eq!(masked(&"x".repeat(400)).chars().count(), 255);
    }

    #[test]
    fn labels_stay_as_written_on_one_line() {
        assert_eq!(label("  Tom  &amp; Sons \n No. 123456 "), "Tom & Sons No. 123456");
        assert_eq!(label("AT&T"), "AT&T");
        assert_eq!(label("Caf\u{e9}"), "Café");
    }
}
