//! How official names become names that people know.

/// A name without what people leave out: letters and digits only, small. Two names with the same letters are one name.
pub(crate) fn letters(name: &str) -> String {
    let spelled = name.replace('&', "and");
    spelled.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// The readable half of an id: `M&T Bank` → `m-and-t-bank`.
pub(crate) fn slug(name: &str) -> String {
    let mut slug = String::new();
    for c in name.replace('&', " and ").chars() {
        if c.is_ascii_alphanumeric() {
            slug.push(c.to_ascii_lowercase());
        } else if !matches!(c, '.' | '\'' | '’' | '*' | ',') && !slug.ends_with('-') && !slug.is_empty() {
            slug.push('-');
        }
        if slug.len() >= 80 {
            break;
        }
    }
    let slug = slug.trim_end_matches('-');
    if slug.is_empty() { "institution".to_owned() } else { slug.to_owned() }
}

/// What a bank's legal name ends with and nobody says.
const LEGAL_ENDINGS: [&str; 10] =
    ["National Association", "N.A.", "N. A.", "NA", "FSB", "F.S.B.", "SSB", "Inc.", "Inc", "Incorporated"];

/// A bank's name for people: `The First Example Bank, National Association` → `First Example Bank`.
pub(crate) fn bank(legal: &str) -> String {
    let legal = tidy(legal);
    let mut name = if is_shouted(&legal) { recased(&legal) } else { legal.clone() };
    while let Some(shorter) = LEGAL_ENDINGS.iter().find_map(|ending| without_ending(&name, ending)) {
        name = shorter;
    }
    if let Some(rest) = name.strip_prefix("The ").filter(|rest| rest.contains(' ')) {
        name = rest.to_owned();
    }
    name
}

fn without_ending(name: &str, ending: &str) -> Option<String> {
    let at = name.len().checked_sub(ending.len())?;
    // `NA` and `Inc` only as they are written, so that no word is cut that ends so.
    let (start, end) = (name.get(..at)?, name.get(at..)?);
    let same = if ending.len() <= 3 { end == ending } else { end.eq_ignore_ascii_case(ending) };
    let shorter = start.trim_end_matches([' ', ',']);
    (same && start.len() > shorter.len() && shorter.len() >= 3).then(|| shorter.to_owned())
}

/// A credit union's name for people; the official one comes in capitals, cut, and without what it is.
pub(crate) fn credit_union(official: &str, federal: bool) -> String {
    let official = tidy(official);
    let spelled = if is_shouted(&official) { recased(&official) } else { official };
    let mut name = spelled.as_str();
    if let Some(rest) = name.strip_prefix("The ").filter(|rest| !rest.starts_with("Credit Union")) {
        name = rest;
    }
    for ending in [", A", ", a", " Inc.", " Inc", " Incorporated"] {
        name = name.strip_suffix(ending).map_or(name, |start| start.trim_end_matches([',', ' ']));
    }
    if let Some(start) = name.strip_suffix(" FCU") {
        return format!("{start} Federal Credit Union");
    }
    let lower = name.to_lowercase();
    if lower.contains("credit union") || name.split(' ').any(|word| word == "CU") {
        name.to_owned()
    } else if federal && !lower.ends_with(" federal") {
        format!("{name} Federal Credit Union")
    } else {
        format!("{name} Credit Union")
    }
}

/// Single spaces, and nothing that the table keeps for itself.
pub(crate) fn tidy(text: &str) -> String {
    let plain: String = text.chars().map(|c| if c.is_control() || c == ';' { ' ' } else { c }).collect();
    plain.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Whether a form was filled in with nothing: some say so in words.
pub(crate) fn says_nothing(name: &str) -> bool {
    let nothing =
        ["none", "n/a", "na", "no", "null", "same", "not applicable", "credit union", "fcu", "bank"];
    name.chars().filter(|c| c.is_alphanumeric()).count() < 2
        || nothing.contains(&name.to_lowercase().as_str())
}

/// A city as people write it.
pub(crate) fn city(text: &str) -> String {
    let city = tidy(text);
    if is_shouted(&city) { recased(&city) } else { city }
}

/// All capitals, and more than an abbreviation.
pub(crate) fn is_shouted(name: &str) -> bool {
    name.chars().any(char::is_alphabetic) && !name.chars().any(char::is_lowercase)
}

const SMALL: [&str; 12] = ["OF", "AND", "THE", "FOR", "IN", "AT", "TO", "ON", "BY", "DE", "DEL", "A"];
/// Abbreviations that have a vowel, so that no rule finds them.
const CAPITALS: [&str; 36] = [
    "CU", "FCU", "USA", "US", "UAW", "IBEW", "AFL", "CIO", "AFSCME", "UFCW", "IAM", "IUE", "IUPAT", "UA",
    "UAL", "TVA", "VA", "IRS", "AEA", "AAA", "ACPE", "NEA", "EPA", "USPS", "YMCA", "IBM", "GE", "AOD", "USC",
    "UNI", "IU", "II", "III", "IV", "VI", "SPE",
];
/// Short words without a vowel that are no abbreviations.
const WORDS: [&str; 8] = ["ST", "MT", "FT", "DR", "CT", "MY", "BY", "SKY"];

/// Capitals to capital letters, by rule: `FIRST EXAMPLE OF MCKEAN` → `First Example of McKean`.
pub(crate) fn recased(name: &str) -> String {
    let words = name.split(' ').enumerate();
    words.map(|(at, word)| recased_word(word, at == 0)).collect::<Vec<_>>().join(" ")
}

fn recased_word(word: &str, first: bool) -> String {
    if !first && SMALL.contains(&word) {
        return word.to_lowercase();
    }
    if word.contains('.') && word.split('.').all(|part| part.chars().count() <= 2) {
        return word.to_owned();
    }
    let mut recased = String::new();
    let mut part = String::new();
    for c in word.chars() {
        if c.is_alphanumeric() || c == '\'' {
            part.push(c);
        } else {
            recased.push_str(&recased_part(&part));
            part.clear();
            recased.push(c);
        }
    }
    recased + &recased_part(&part)
}

fn recased_part(part: &str) -> String {
    let letters = part.chars().filter(|c| c.is_alphabetic()).count();
    let vowel = part.contains(['A', 'E', 'I', 'O', 'U', 'Y']);
    let ordinal = part.starts_with(|c: char| c.is_ascii_digit())
        && ["ST", "ND", "RD", "TH"].iter().any(|end| part.ends_with(end));
    let abbreviation = letters > 1 && letters <= 5 && !vowel && !WORDS.contains(&part);
    if !ordinal && (abbreviation || CAPITALS.contains(&part)) {
        return part.to_owned();
    }
    let lower = part.to_lowercase();
    if let Some(rest) = lower.strip_prefix("mc").filter(|rest| rest.len() > 2) {
        return format!("Mc{}", capitalised(rest));
    }
    if let Some(rest) = lower.strip_prefix("o'").filter(|rest| rest.len() > 1) {
        return format!("O'{}", capitalised(rest));
    }
    capitalised(&lower)
}

fn capitalised(lower: &str) -> String {
    let mut chars = lower.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}
