//! Words as people type them: case, accents, apostrophes and punctuation don't count.

use std::ops::Range;

/// A text is compared up to this many words; no institution's name has more. (Ranking has a bit for each, of 32.)
pub(super) const WORDS_MAX: usize = 24;

/// A word in the form that is compared, and the bytes of the text it was read from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Word {
    pub(super) text: String,
    pub(super) span: Range<usize>,
}

/// The words of a name: `T. Rowe Price` → `t rowe price`, `Farmers & Merchants` → `farmers and merchants`,
/// `Inroads FCU` → `inroads federal credit union`. Spans ascend; what an abbreviation stands for shares its span.
pub(super) fn read(text: &str) -> Vec<Word> {
    let mut plain = join_initials(split(text));
    if plain.len() > 1 {
        plain.retain(|word| word.text != "the");
    }
    let mut words = Vec::with_capacity(plain.len());
    for word in plain {
        match written_out(&word.text) {
            Some(long) => words
                .extend(long.split(' ').map(|part| Word { text: part.to_owned(), span: word.span.clone() })),
            None => words.push(word),
        }
    }
    words.truncate(WORDS_MAX);
    words
}

/// The same words with numbers apart, if that makes a difference: `my529` → `my 529`.
pub(super) fn with_numbers_apart(words: &[Word]) -> Option<Vec<Word>> {
    let mut apart: Vec<Word> = Vec::new();
    for word in words {
        let number = |c: char| c.is_ascii_digit();
        match word.text.find(number).filter(|at| *at > 0 && word.text[*at..].chars().all(number)) {
            // Where a letter takes as many bytes as it was written with, the number stands at the same place.
            Some(at) if word.span.len() == word.text.len() && word.text.is_ascii() => {
                let (start, middle, end) = (word.span.start, word.span.start + at, word.span.end);
                apart.push(Word { text: word.text[..at].to_owned(), span: start..middle });
                apart.push(Word { text: word.text[at..].to_owned(), span: middle..end });
            }
            _ => apart.push(word.clone()),
        }
    }
    (apart.len() > words.len()).then_some(apart)
}

/// A name as one word, in each way people write it: `Saint Mary FCU` → `stmaryfederalcreditunion`, `stmaryfcu`,
/// `saintmaryfcu`.
pub(super) fn joined(name: &str) -> Vec<String> {
    let whole: String = read(name).iter().map(|word| word.text.as_str()).collect();
    let short = whole
        .strip_suffix("federalcreditunion")
        .map(|rest| format!("{rest}fcu"))
        .or_else(|| whole.strip_suffix("creditunion").map(|rest| format!("{rest}cu")));
    let as_written: String = split(name).iter().map(|word| word.text.as_str()).collect();
    let mut forms = vec![whole];
    for form in short.into_iter().chain([as_written]) {
        if !forms.contains(&form) {
            forms.push(form);
        }
    }
    forms
}

fn split(text: &str) -> Vec<Word> {
    let mut words: Vec<Word> = Vec::new();
    let mut in_word = false;
    for (at, c) in text.char_indices() {
        if c.is_alphanumeric() {
            let end = at + c.len_utf8();
            if !in_word {
                words.push(Word { text: String::new(), span: at..end });
            }
            if let Some(word) = words.last_mut() {
                if c.is_ascii() {
                    word.text.push(c.to_ascii_lowercase());
                } else {
                    word.text.extend(without_accent(c).to_lowercase().filter(|c| c.is_alphanumeric()));
                }
                word.span.end = end;
            }
            in_word = true;
        } else if matches!(c, '&' | '+') {
            words.push(Word { text: "and".to_owned(), span: at..at + 1 });
            in_word = false;
        } else {
            in_word = in_word && is_inside_words(c);
        }
    }
    words
}

/// Marks that don't part words: `people's`, `401(k)`, `E*TRADE`, and accents written as marks of their own.
fn is_inside_words(c: char) -> bool {
    matches!(c, '\'' | '\u{2019}' | '\u{2018}' | '`' | '(' | '*' | '\u{300}'..='\u{36f}')
}

/// The letter without its accent, for the accents of American names.
fn without_accent(c: char) -> char {
    match c {
        'á' | 'à' | 'â' | 'ä' | 'ã' | 'å' | 'Á' | 'À' | 'Â' | 'Ä' | 'Ã' | 'Å' => 'a',
        'é' | 'è' | 'ê' | 'ë' | 'É' | 'È' | 'Ê' | 'Ë' => 'e',
        'í' | 'ì' | 'î' | 'ï' | 'Í' | 'Ì' | 'Î' | 'Ï' => 'i',
        'ó' | 'ò' | 'ô' | 'ö' | 'õ' | 'Ó' | 'Ò' | 'Ô' | 'Ö' | 'Õ' => 'o',
        'ú' | 'ù' | 'û' | 'ü' | 'Ú' | 'Ù' | 'Û' | 'Ü' => 'u',
        'ñ' | 'Ñ' => 'n',
        'ç' | 'Ç' => 'c',
        other => other,
    }
}

/// `u s bank` and `us bank` are one, and `5/3` is `53`: runs of single letters and digits are joined.
fn join_initials(words: Vec<Word>) -> Vec<Word> {
    let mut joined: Vec<Word> = Vec::with_capacity(words.len());
    let mut in_run = false;
    for word in words {
        let single = word.text.len() == 1;
        match joined.last_mut() {
            Some(last) if single && in_run => {
                last.text.push_str(&word.text);
                last.span.end = word.span.end;
            }
            _ => joined.push(word),
        }
        in_run = single;
    }
    joined
}

/// What an abbreviation of the field stands for; both sides are compared written out.
fn written_out(word: &str) -> Option<&'static str> {
    Some(match word {
        "fcu" => "federal credit union",
        "cu" => "credit union",
        "natl" => "national",
        "intl" => "international",
        "mtg" | "mtge" => "mortgage",
        "ft" => "fort",
        "saint" => "st",
        "mount" => "mt",
        "1st" => "first",
        "2nd" => "second",
        "3rd" => "third",
        "4th" => "fourth",
        "5th" => "fifth",
        _ => return None,
    })
}

/// Words that join others and say nothing themselves.
pub(super) fn is_glue(word: &str) -> bool {
    matches!(word, "of" | "and" | "the" | "for" | "at" | "in" | "n" | "na" | "co" | "inc" | "llc")
}

/// Words that people add to any name when they look for the page to log in at.
pub(super) fn is_said_of_any(word: &str) -> bool {
    matches!(
        word,
        "login"
            | "log"
            | "signin"
            | "sign"
            | "online"
            | "website"
            | "site"
            | "app"
            | "www"
            | "com"
            | "my"
            | "account"
            | "accounts"
            | "acct"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> String {
        read(text).into_iter().map(|word| word.text).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn names_become_plain_words() {
        for (name, words) in [
            ("T. Rowe Price", "t rowe price"),
            ("U.S. Bank", "us bank"),
            ("Farmers & Merchants", "farmers and merchants"),
            ("People's Crédit", "peoples credit"),
            ("People\u{2019}s Cre\u{301}dit", "peoples credit"),
            ("5/3", "53"),
            ("E*TRADE 401(k)", "etrade 401k"),
            ("The Home Depot", "home depot"),
            ("the", "the"),
            ("Inroads FCU", "inroads federal credit union"),
            ("1st Natl", "first national"),
            ("", ""),
            ("\u{301}\u{0}!", ""),
        ] {
            assert_eq!(of(name), words);
        }
    }

    #[test]
    fn words_know_where_they_stand() {
        let text = "Ñandú's FCU & Co";
        let words = read(text);
        let spans: Vec<&str> = words.iter().map(|word| &text[word.span.clone()]).collect();
        assert_eq!(spans, ["Ñandú's", "FCU", "FCU", "FCU", "&", "Co"]);
    }

    #[test]
    fn a_text_of_any_length_has_few_words() {
        assert_eq!(read(&"a1 ".repeat(5_000)).len(), WORDS_MAX);
    }
}
