//! The fields of an offering: as a form, read from it, and told one by one.

use domain::{
    edit::web_address,
    institution::{InstitutionKind, Offering},
    limits,
};

use crate::form::Form;

/// Kinds with the code of the form and the words of the page.
pub(super) const KINDS: [(InstitutionKind, &str, &str); 11] = [
    (InstitutionKind::Bank, "bank", "Bank"),
    (InstitutionKind::CreditUnion, "credit_union", "Credit union"),
    (InstitutionKind::Broker, "broker", "Broker"),
    (InstitutionKind::Retirement, "retirement", "Retirement plans"),
    (InstitutionKind::Insurer, "insurer", "Insurer"),
    (InstitutionKind::Lender, "lender", "Lender"),
    (InstitutionKind::Card, "card", "Cards"),
    (InstitutionKind::Hsa, "hsa", "Health savings"),
    (InstitutionKind::Payroll, "payroll", "Payroll"),
    (InstitutionKind::Crypto, "crypto", "Crypto"),
    (InstitutionKind::Other, "other", "Other"),
];

/// For the list of the form.
pub(super) fn kinds() -> Vec<(&'static str, &'static str)> {
    KINDS.iter().map(|(_, code, words)| (*code, *words)).collect()
}

fn kind_code(kind: InstitutionKind) -> (&'static str, &'static str) {
    let found = KINDS.iter().find(|(known, ..)| *known == kind);
    found.map_or(("other", "Other"), |(_, code, words)| (*code, *words))
}

pub(super) fn kind_words(kind: InstitutionKind) -> &'static str {
    kind_code(kind).1
}

/// A form filled with an offering.
pub(super) fn filled(offering: &Offering, version: u32) -> Form {
    let login = if offering.login_url == offering.home_url { "" } else { &offering.login_url };
    Form::filled(&[
        ("name", &offering.name),
        ("brand", &offering.brand),
        ("what", kind_code(offering.kind).0),
        ("purpose", &offering.purpose),
        ("aliases", &offering.also_known_as.join("\n")),
        ("home_url", &offering.home_url),
        ("login_url", login),
        ("place", &offering.place),
        ("note", &offering.note),
        ("version", &version.to_string()),
    ])
}

/// What a form makes of an offering; problems are noted with their fields.
pub(super) fn read(form: &mut Form, was: &Offering) -> Option<Offering> {
    let name = form.name("name", "the name");
    let kind =
        form.choice("what", |typed| KINDS.iter().find(|(_, code, _)| *code == typed).map(|(kind, ..)| *kind));
    let purpose = line(form, "purpose");
    let place = line(form, "place");
    let brand = line(form, "brand");
    let home_url = address(form, "home_url", &was.home_url);
    let login_url = match form.text("login_url") {
        "" => home_url.clone(),
        _ => address(form, "login_url", &was.login_url),
    };
    let also_known_as = aliases(form, name.as_deref().unwrap_or_default(), was);
    let note = text(form, "note", "");
    let name = name?;
    let brand = brand?;
    Some(Offering {
        brand: if brand.is_empty() { name.clone() } else { brand },
        name,
        kind: kind?,
        purpose: purpose?,
        also_known_as: also_known_as?,
        home_url: home_url?,
        login_url: login_url?,
        place: place?,
        note: note?,
        ..was.clone()
    })
}

/// A line that may be empty.
fn line(form: &mut Form, name: &str) -> Option<String> {
    if form.text(name).is_empty() { Some(String::new()) } else { form.name(name, "it") }
}

/// A text of several lines; `missing` is said when it is empty, unless that is fine.
pub(super) fn text(form: &mut Form, name: &str, missing: &str) -> Option<String> {
    let text = form.text(name).replace("\r\n", "\n");
    if text.is_empty() && !missing.is_empty() {
        form.problem(name, missing);
    } else if text.chars().count() > limits::NOTE_CHARS_MAX {
        form.problem(name, format!("Please use at most {} characters.", limits::NOTE_CHARS_MAX));
    } else if text.chars().any(|c| c.is_control() && c != '\n') {
        form.problem(name, "Please use letters, digits and signs only.");
    } else {
        return Some(text);
    }
    None
}

/// An address of the web, or the one that was there: an institution of a sandbox has another kind.
fn address(form: &mut Form, name: &str, was: &str) -> Option<String> {
    let typed = form.text(name).to_owned();
    if !typed.is_empty() && typed == was {
        return Some(typed);
    }
    let address = web_address(&typed);
    if address.is_none() {
        form.problem(name, "Please enter a web address that begins with https, like https://www.bank.com.");
    }
    address
}

/// One a line, each once, without the name itself. What was there already is never too many.
fn aliases(form: &mut Form, name: &str, was: &Offering) -> Option<Vec<String>> {
    let mut found: Vec<String> = Vec::new();
    let text = form.text("aliases").to_owned();
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let known = std::iter::once(name).chain(found.iter().map(String::as_str));
        if known.into_iter().any(|known| known.to_lowercase() == line.to_lowercase()) {
            continue;
        }
        if line.chars().count() > limits::ALIAS_CHARS_MAX || line.chars().any(char::is_control) {
            let beginning: String = line.chars().take(20).collect();
            let most = limits::ALIAS_CHARS_MAX;
            form.problem(
                "aliases",
                format!("Please use at most {most} letters and digits for “{beginning}…”."),
            );
            return None;
        }
        found.push(line.to_owned());
    }
    let (most, are) = (limits::ALIASES_MAX.max(was.also_known_as.len()), found.len());
    if are > most {
        form.problem("aliases", format!("Please enter at most {most} other names; these are {are}."));
        return None;
    }
    Some(found)
}

/// What differs, field by field: what it is called, before, after.
pub(super) fn differences(before: &Offering, after: &Offering) -> Vec<(&'static str, String, String)> {
    let fields = |of: &Offering| {
        [
            ("Name", of.name.clone()),
            ("Brand", of.brand.clone()),
            ("What it is", kind_words(of.kind).to_owned()),
            ("Purpose", of.purpose.clone()),
            ("Other names", of.also_known_as.join("\n")),
            ("Home page", of.home_url.clone()),
            ("Login page", of.login_url.clone()),
            ("Place", of.place.clone()),
            ("Note to clients", of.note.clone()),
            ("Found by clients", if of.listed { "yes" } else { "no" }.to_owned()),
        ]
    };
    fields(before)
        .into_iter()
        .zip(fields(after))
        .filter(|((_, before), (_, after))| before != after)
        .map(|((label, before), (_, after))| (label, before, after))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::samples;

    #[test]
    fn a_form_gives_back_what_it_was_filled_with() {
        let offering = samples::offering();
        let mut form = filled(&offering, 3);
        assert_eq!(read(&mut form, &offering).as_ref(), Some(&offering), "{:?}", form.errors());
        assert_eq!(form.text("version"), "3");
    }

    #[test]
    fn everything_that_is_shipped_can_be_edited() {
        let directory = directory::Directory::load(Vec::new()).unwrap();
        for offering in directory.offerings() {
            let mut form = filled(offering, 0);
            let read = read(&mut form, offering);
            assert_eq!(read.as_ref(), Some(offering), "{}: {:?}", offering.id, form.errors());
        }
    }

    #[test]
    fn what_is_wrong_stays_in_its_field() {
        let offering = samples::offering();
        let many = (0..=limits::ALIASES_MAX).map(|n| format!("name {n}")).collect::<Vec<_>>().join("\n");
        let long = "x".repeat(limits::ALIAS_CHARS_MAX + 1);
        let note = "x".repeat(limits::NOTE_CHARS_MAX + 1);
        for (field, typed) in [
            ("name", ""),
            ("what", "zoo"),
            ("aliases", many.as_str()),
            ("aliases", long.as_str()),
            ("home_url", "http://bank.com"),
            ("login_url", "javascript:alert(1)"),
            ("note", note.as_str()),
        ] {
            let mut form = filled(&offering, 1).with(field, typed);
            assert!(read(&mut form, &offering).is_none(), "{field}: {typed}");
            assert!(form.error(field).is_some() && form.value(field) == typed, "{field}: {typed}");
        }
        let mut form = filled(&offering, 1).with("aliases", " FNIS \r\n\r\nfnis\n").with("login_url", "");
        let read = read(&mut form, &offering).unwrap();
        assert_eq!((read.also_known_as, read.login_url), (vec!["FNIS".to_owned()], offering.home_url));
    }
}
