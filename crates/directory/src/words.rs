//! Words as people type them: case, accents, apostrophes and punctuation don't count.

/// The words of a name: `T. Rowe Price` → `t rowe price`, `Farmers & Merchants` → `farmers and merchants`.
pub(super) fn of(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    let end = |word: &mut String, words: &mut Vec<String>| {
        if !word.is_empty() {
            words.push(std::mem::take(word));
        }
    };
    for c in text.chars() {
        match c {
            '\'' | '\u{2019}' | '\u{2018}' | '`' => {}
            '&' | '+' => {
                end(&mut word, &mut words);
                words.push("and".to_owned());
            }
            c if c.is_alphanumeric() => word.extend(plain(c).to_lowercase()),
            _ => end(&mut word, &mut words),
        }
    }
    end(&mut word, &mut words);
    join_initials(words)
}

/// The letter without its accent, for the accents of American names.
fn plain(c: char) -> char {
    match c {
        'á' | 'à' | 'â' | 'ä' | 'ã' | 'å' => 'a',
        'é' | 'è' | 'ê' | 'ë' => 'e',
        'í' | 'ì' | 'î' | 'ï' => 'i',
        'ó' | 'ò' | 'ô' | 'ö' | 'õ' => 'o',
        'ú' | 'ù' | 'û' | 'ü' => 'u',
        'ñ' => 'n',
        'ç' => 'c',
        other => other,
    }
}

/// `u s bank` and `us bank` are one: runs of single letters are joined.
fn join_initials(words: Vec<String>) -> Vec<String> {
    let mut joined: Vec<String> = Vec::with_capacity(words.len());
    let mut in_run = false;
    for word in words {
        let single = word.len() == 1 && word.as_bytes()[0].is_ascii_alphabetic();
        match joined.last_mut() {
            Some(last) if single && in_run => last.push_str(&word),
            _ => joined.push(word),
        }
        in_run = single;
    }
    joined
}

/// Words that say nothing about which institution is meant.
pub(super) fn is_noise(word: &str) -> bool {
    matches!(
        word,
        "bank"
            | "the"
            | "of"
            | "and"
            | "credit"
            | "union"
            | "federal"
            | "fcu"
            | "cu"
            | "na"
            | "national"
            | "trust"
            | "company"
            | "co"
            | "savings"
            | "online"
            | "login"
            | "account"
            | "my"
            | "financial"
            | "inc"
            | "llc"
            | "state"
            | "community"
    )
}

/// The host of a web address, or of what looks like one: `https://www.chase.com/x` → `chase.com`.
pub(super) fn host(text: &str) -> Option<String> {
    let text = text.trim().to_lowercase();
    let rest = text.split_once("://").map_or(text.as_str(), |(_, rest)| rest);
    let host = rest.split(['/', '?', '#', ':']).next().unwrap_or(rest);
    let host = host.rsplit('@').next().unwrap_or(host);
    let host = host.strip_prefix("www.").unwrap_or(host);
    let dotted = host.split('.').count() >= 2 && host.split('.').all(|part| !part.is_empty());
    let clean = host.chars().all(|c| c.is_ascii_alphanumeric() || c == '.' || c == '-');
    (dotted && clean && host.split('.').next_back().is_some_and(|end| end.len() >= 2))
        .then(|| host.to_owned())
}

/// Whether two words are within `most` slips of the hand: a letter missing, extra, changed or two swapped.
pub(super) fn within(a: &str, b: &str, most: usize) -> bool {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    if a.len().abs_diff(b.len()) > most {
        return false;
    }
    let mut before = vec![0; b.len() + 1];
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for i in 1..=a.len() {
        let mut row = vec![i; b.len() + 1];
        for j in 1..=b.len() {
            let change = last[j - 1] + usize::from(a[i - 1] != b[j - 1]);
            row[j] = change.min(last[j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                row[j] = row[j].min(before[j - 2] + 1);
            }
        }
        if row.iter().min().is_some_and(|least| *least > most) {
            return false;
        }
        before = std::mem::replace(&mut last, row);
    }
    last[b.len()] <= most
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_become_plain_words() {
        for (name, words) in [
            ("T. Rowe Price", "t rowe price"),
            ("U.S. Bank", "us bank"),
            ("Farmers & Merchants", "farmers and merchants"),
            ("People's Crédit", "peoples credit"),
            ("5/3", "5 3"),
        ] {
            assert_eq!(of(name).join(" "), words);
        }
    }

    #[test]
    fn hosts_are_read_from_anything_that_looks_like_an_address() {
        assert_eq!(host("https://www.chase.com/a?b").as_deref(), Some("chase.com"));
        assert_eq!(host("NB.Fidelity.com").as_deref(), Some("nb.fidelity.com"));
        for other in ["chase", "t. rowe", "a..b", "http://", "first.bank of x"] {
            assert_eq!(host(other), None, "{other}");
        }
    }

    #[test]
    fn slips_of_the_hand_are_counted() {
        assert!(within("fidleity", "fidelity", 1));
        assert!(within("vangaurd", "vanguard", 1));
        assert!(within("schwap", "schwab", 1));
        assert!(!within("chase", "chose bank", 2));
        assert!(!within("abcd", "wxyz", 2));
    }
}
