//! From bytes to text: finds the body, reads the header in any of its spellings and decides about the charset.

use std::borrow::Cow;

use super::{INPUT_BYTES_MAX, ReadError};

/// The text of an input and what its header said.
pub(super) struct Decoded<'a> {
    /// The whole input as text.
    pub text: Cow<'a, str>,
    /// Where the `<OFX` element begins in `text`.
    pub body_at: usize,
    /// The VERSION of either header, such as 102 or 211.
    pub version: Option<u16>,
}

/// Decodes in the order that survives real files: byte order mark, valid UTF-8, the declared charset, cp1252.
/// USASCII is never believed, since half of the files that declare it hold other bytes.
pub(super) fn decode(bytes: &[u8]) -> Result<Decoded<'_>, ReadError> {
    if bytes.len() > INPUT_BYTES_MAX {
        return Err(ReadError::TooLarge);
    }
    let text = text_of(bytes);
    if text.len() > INPUT_BYTES_MAX.saturating_mul(2) {
        return Err(ReadError::TooLarge);
    }
    let body_at = match find_root(&text) {
        Some(at) => at,
        None if text.bytes().all(|byte| byte <= b' ') => return Err(ReadError::Empty),
        None if is_html(&text) => return Err(ReadError::Html),
        None => return Err(ReadError::NotOfx),
    };
    let header = &text[..body_at];
    if declares(header) {
        return Err(ReadError::Declaration);
    }
    let version = header_value(header, "VERSION").and_then(|digits| digits.parse().ok());
    Ok(Decoded { text, body_at, version })
}

fn text_of(bytes: &[u8]) -> Cow<'_, str> {
    if let Some(rest) = bytes.strip_prefix(b"\xEF\xBB\xBF") {
        return utf8_or_single_byte(rest);
    }
    if let Some(rest) = bytes.strip_prefix(b"\xFF\xFE") {
        return Cow::Owned(utf16(rest, u16::from_le_bytes));
    }
    if let Some(rest) = bytes.strip_prefix(b"\xFE\xFF") {
        return Cow::Owned(utf16(rest, u16::from_be_bytes));
    }
    utf8_or_single_byte(bytes)
}

fn utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> String {
    let units = bytes.chunks_exact(2).map(|pair| unit([pair[0], pair[1]]));
    char::decode_utf16(units).map(|decoded| decoded.unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
}

fn utf8_or_single_byte(bytes: &[u8]) -> Cow<'_, str> {
    if let Ok(text) = std::str::from_utf8(bytes) {
        return Cow::Borrowed(text);
    }
    // Only ASCII is needed to read the header, so the lossy prefix is good enough to find the charset in it.
    let prefix = String::from_utf8_lossy(&bytes[..bytes.len().min(HEADER_BYTES_MAX)]);
    let declared =
        ["CHARSET", "ENCODING"].iter().filter_map(|key| header_value(&prefix, key)).collect::<Vec<_>>();
    let table = if declared.iter().any(|name| name.contains("8859-15")) { latin9 } else { cp1252 };
    // ISO-8859-1 differs from cp1252 only in control characters, which no statement uses.
    Cow::Owned(bytes.iter().map(|&byte| if byte < 0x80 { char::from(byte) } else { table(byte) }).collect())
}

/// How much of the input is searched for a header's charset, in bytes.
const HEADER_BYTES_MAX: usize = 4096;

/// The upper half of Windows code page 1252; the five unassigned bytes stay the control characters of ISO-8859-1.
fn cp1252(byte: u8) -> char {
    const TABLE: [char; 32] = [
        '€', '\u{81}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{8d}', 'Ž', '\u{8f}',
        '\u{90}', '‘', '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\u{9d}', 'ž', 'Ÿ',
    ];
    match byte {
        0x80..=0x9f => TABLE[usize::from(byte - 0x80)],
        _ => char::from(byte),
    }
}

/// ISO-8859-15.
fn latin9(byte: u8) -> char {
    match byte {
        0xa4 => '€',
        0xa6 => 'Š',
        0xa8 => 'š',
        0xb4 => 'Ž',
        0xb8 => 'ž',
        0xbc => 'Œ',
        0xbd => 'œ',
        0xbe => 'Ÿ',
        _ => char::from(byte),
    }
}

/// Where `<OFX>` or `<OFX ` begins, in any case.
fn find_root(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut at = 0;
    while let Some(found) = text[at..].find('<') {
        let start = at + found;
        let is_root = bytes.get(start + 1..start + 4).is_some_and(|name| name.eq_ignore_ascii_case(b"OFX"))
            && bytes.get(start + 4).is_some_and(|&next| next == b'>' || next.is_ascii_whitespace());
        if is_root {
            return Some(start);
        }
        at = start + 1;
    }
    None
}

fn is_html(text: &str) -> bool {
    let start: String = text.trim_start().chars().take(1024).collect::<String>().to_ascii_lowercase();
    start.starts_with("<!doctype html")
        || start.contains("<html")
        || start.contains("<head")
        || start.contains("<body")
}

/// Whether a header holds a markup declaration. `<?` and comments are harmless.
fn declares(header: &str) -> bool {
    header.match_indices("<!").any(|(at, _)| super::build::is_declaration(&header.as_bytes()[at..]))
}

/// The value of a header key in any spelling seen: `KEY:VALUE` on lines ended by CR, LF or both, all keys on one line
/// without separators, or an XML attribute in single or double quotes.
fn header_value(header: &str, key: &str) -> Option<String> {
    for (at, _) in header.match_indices(key).chain(header.match_indices(&key.to_ascii_lowercase())) {
        // OFXHEADER's own name never ends in one of the keys, but DATA:OFXSGMLVERSION does follow without a gap.
        let rest = header[at + key.len()..].trim_start_matches([' ', '\t']);
        let Some(rest) = rest.strip_prefix([':', '=']) else { continue };
        let rest = rest.trim_start_matches([' ', '\t', '"', '\'']);
        let value: String =
            rest.chars().take_while(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_')).collect();
        let value =
            KEYS.iter().filter_map(|next| value.find(next)).min().map_or(value.as_str(), |end| &value[..end]);
        if key == "VERSION" && value.len() != 3 {
            // The XML declaration's own version="1.0".
            continue;
        }
        return Some(value.to_ascii_uppercase());
    }
    None
}

/// The keys of OFX 1 headers (OFX 1.6 §2.2), which end a value when there is nothing else between.
const KEYS: [&str; 8] =
    ["OFXHEADER", "DATA", "VERSION", "SECURITY", "ENCODING", "CHARSET", "COMPRESSION", "OLDFILEUID"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decodes_in_the_order_that_survives_real_files() {
        for (bytes, text) in [
            (&b"\xEF\xBB\xBF<OFX>\xC3\xA9"[..], "<OFX>é"),
            (b"CHARSET:1252\n<OFX>\xE9\x80", "CHARSET:1252\n<OFX>é€"),
            (b"ENCODING:USASCII\n<OFX>\xC3\xA9", "ENCODING:USASCII\n<OFX>é"),
            (b"ENCODING:USASCII\n<OFX>\xE9", "ENCODING:USASCII\n<OFX>é"),
            (b"ENCODING:UTF-8\n<OFX>\xE9", "ENCODING:UTF-8\n<OFX>é"),
            (b"CHARSET:ISO-8859-15\n<OFX>\xA4", "CHARSET:ISO-8859-15\n<OFX>€"),
            (b"\xFF\xFE<\0O\0F\0X\0>\0\xE9\0", "<OFX>é"),
            (b"\xFE\xFF\0<\0O\0F\0X\0>\0\xE9", "<OFX>é"),
        ] {
            assert_eq!(decode(bytes).map(|decoded| decoded.text.into_owned()), Ok(text.to_owned()));
        }
    }

    #[test]
    fn reads_the_version_in_every_spelling() {
        for (header, version) in [
            ("OFXHEADER:100\r\nDATA:OFXSGML\r\nVERSION:102\r\n\r\n", Some(102)),
            ("OFXHEADER:100\rDATA:OFXSGML\rVERSION:103\rSECURITY:NONE\r", Some(103)),
            ("OFXHEADER:100DATA:OFXSGMLVERSION:102SECURITY:NONEENCODING:USASCII", Some(102)),
            ("<?xml version=\"1.0\"?><?OFX OFXHEADER=\"200\" VERSION=\"211\" SECURITY=\"NONE\"?>", Some(211)),
            ("<?xml version='1.0'?><?OFX OFXHEADER='200' VERSION='203' SECURITY='NONE'?>", Some(203)),
            ("VERSION: 160\n", Some(160)),
            ("DATA:OFXSGML\n", None),
        ] {
            let input = format!("{header}<OFX></OFX>");
            assert_eq!(
                decode(input.as_bytes()).unwrap_or_else(|error| panic!("{header}: {error}")).version,
                version,
                "{header}"
            );
        }
    }

    #[test]
    fn tells_what_is_not_ofx() {
        for (bytes, error) in [
            (&b""[..], ReadError::Empty),
            (b" \r\n\t", ReadError::Empty),
            (b"<!DOCTYPE html><html><body>Sorry</body></html>", ReadError::Html),
            (b"\n<HTML><head>", ReadError::Html),
            (b"{\"error\":1}", ReadError::NotOfx),
            (b"<OFC><DTD>2</OFC>", ReadError::NotOfx),
            (b"<OFX", ReadError::NotOfx),
            (b"<!DOCTYPE OFX [<!ENTITY a \"b\">]><OFX></OFX>", ReadError::Declaration),
            (b"<!entity a 'b'><OFX></OFX>", ReadError::Declaration),
        ] {
            assert_eq!(decode(bytes).err(), Some(error), "{}", String::from_utf8_lossy(bytes));
        }
    }
}
