//! Which bytes of a text answer what was typed.

use std::ops::Range;

use domain::institution::Offering;

use super::{
    Field, Matched,
    address::Address,
    index::Index,
    query::{Fit, Query, Reading},
    rank::{Found, Why},
    texts::{Form, Source},
    words::{self, Word},
};

/// The part of a word, or of all words joined, that answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Whole,
    /// So many letters from the beginning.
    Letters(usize),
}

/// The text of `offering` by which it was found, as it is written there.
pub(super) fn matched(index: &Index, offering: &Offering, query: &Query, found: &Found) -> Matched {
    let (field, text, spans) = match found.why {
        Why::Site(site) => {
            let (host, spans) = index.sites.highlighted(site, query.address.as_ref());
            (Field::Address, host, spans)
        }
        Why::Text { text, reading } => in_text(index, offering, &query.readings[reading], text),
    };
    Matched { field, text, spans, forgiven: found.forgiven }
}

fn in_text(
    index: &Index,
    offering: &Offering,
    reading: &Reading,
    text: u32,
) -> (Field, String, Vec<Range<usize>>) {
    let answers = index.matches(reading, text);
    let part = |term: usize, fit: Fit| {
        let letters = reading.terms[term].text.chars().count();
        if fit.typed >= 1.0 { Part::Whole } else { Part::Letters(letters) }
    };
    let joined = answers.first().map_or(Part::Letters(0), |(term, _, fit)| part(*term, *fit));
    let found = &index.texts[text as usize];
    let (field, written) = match found.source {
        Source::Name | Source::Initials => (Field::Name, offering.name.as_str()),
        Source::Alias(at) => {
            (Field::Alias, offering.also_known_as.get(usize::from(at)).map_or("", String::as_str))
        }
        Source::Brand => (Field::Alias, offering.brand.as_str()),
        Source::Home | Source::Login => {
            let url = if found.source == Source::Home { &offering.home_url } else { &offering.login_url };
            let (host, spans) = of_label(url, joined);
            return (Field::Address, host, spans);
        }
    };
    let spans = if found.source == Source::Initials {
        if answers.is_empty() { Vec::new() } else { of_initials(written) }
    } else if found.form == Form::Joined {
        of_joined(written, joined)
    } else {
        let answering = answers.into_iter().map(|(term, word, fit)| (word, part(term, fit)));
        of_words(written, found.form, answering)
    };
    (field, written.to_owned(), spans)
}

/// The host of an address, and the span of its telling label.
fn of_label(url: &str, part: Part) -> (String, Vec<Range<usize>>) {
    let Some(address) = Address::read(url) else { return (String::new(), Vec::new()) };
    let start = address.host.len() - address.domain().len();
    let letters = match part {
        Part::Letters(letters) if !address.label().contains('-') => letters.min(address.label().len()),
        _ => address.label().len(),
    };
    let span = start..start + letters;
    (address.host, Vec::from([span]))
}

/// Spans of the words of `text` with these numbers.
fn of_words(text: &str, form: Form, answering: impl Iterator<Item = (usize, Part)>) -> Vec<Range<usize>> {
    let words = words::read(text);
    let apart = (form == Form::NumbersApart).then(|| words::with_numbers_apart(&words)).flatten();
    let words = apart.unwrap_or(words);
    let spans = answering.filter_map(|(number, part)| {
        let word = words.get(number)?;
        Some(match part {
            Part::Whole => word.span.clone(),
            Part::Letters(letters) => beginning(text, word, letters),
        })
    });
    merged(spans.collect())
}

/// Spans of the first letters of a text that was typed without its spaces.
fn of_joined(text: &str, part: Part) -> Vec<Range<usize>> {
    let mut left = match part {
        Part::Whole => usize::MAX,
        Part::Letters(letters) => letters,
    };
    let mut spans = Vec::new();
    for word in words::read(text) {
        if left == 0 {
            break;
        }
        spans.push(beginning(text, &word, left));
        left = left.saturating_sub(word.text.chars().count());
    }
    merged(spans)
}

/// The first letter of every word.
fn of_initials(text: &str) -> Vec<Range<usize>> {
    merged(words::read(text).iter().map(|word| beginning(text, word, 1)).collect())
}

fn beginning(text: &str, word: &Word, letters: usize) -> Range<usize> {
    let written = &text[word.span.clone()];
    let mut own = written.char_indices().filter(|(_, c)| c.is_alphanumeric());
    match own.nth(letters) {
        Some((end, _)) => word.span.start..word.span.start + end,
        None => word.span.clone(),
    }
}

/// In order, without overlaps.
fn merged(mut spans: Vec<Range<usize>>) -> Vec<Range<usize>> {
    spans.sort_unstable_by_key(|span| (span.start, span.end));
    let mut merged: Vec<Range<usize>> = Vec::with_capacity(spans.len());
    for span in spans {
        match merged.last_mut() {
            Some(last) if span.start <= last.end => last.end = last.end.max(span.end),
            _ => merged.push(span),
        }
    }
    merged
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str, spans: Vec<Range<usize>>) -> Vec<&str> {
        spans.into_iter().map(|span| &text[span]).collect()
    }

    #[test]
    fn what_was_typed_is_shown_in_the_text_as_it_is_written() {
        let text = "Orange County's Crédit FCU";
        let words = [(1, Part::Letters(7)), (2, Part::Letters(3)), (4, Part::Whole), (3, Part::Whole)];
        assert_eq!(shown(text, of_words(text, Form::Words, words.into_iter())), ["County's", "Cré", "FCU"]);
        assert_eq!(shown("Wells Fargo", of_joined("Wells Fargo", Part::Letters(7))), ["Wells", "Fa"]);
        assert_eq!(shown("T. Rowe", of_joined("T. Rowe", Part::Whole)), ["T", "Rowe"]);
        assert_eq!(shown("Navy Federal", of_initials("Navy Federal")), ["N", "F"]);
    }
}
