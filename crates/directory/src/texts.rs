//! The texts an offering is known by, as words: its name, other names, brand, the labels of its addresses, its initials;
//! and the words people add to tell offerings apart: where it is and what it is for.

use std::collections::HashMap;

use domain::institution::{InstitutionKind, Offering};

use super::{address::Address, states, vocabulary::Intake, words};

/// What of an offering a text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Source {
    Name,
    /// By its place in `also_known_as`.
    Alias(u16),
    Brand,
    Home,
    Login,
    /// The initials of the name, which nobody wrote down: they answer only when typed whole.
    Initials,
}

/// How a text is written for comparing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Words,
    /// `my529` as `my 529`.
    NumbersApart,
    /// All words without their spaces, as one.
    Joined,
}

/// A text to compare with: some of `Texts::words`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Text {
    /// Number of the offering in the order of the index.
    pub(super) entry: u32,
    pub(super) source: Source,
    pub(super) form: Form,
    pub(super) start: u32,
    pub(super) count: u8,
}

/// All texts, those of one offering side by side, initials after all others.
#[derive(Default)]
pub(super) struct Texts {
    pub(super) intake: Intake,
    pub(super) all: Vec<Text>,
    pub(super) words: Vec<u32>,
    pub(super) initials: Vec<Text>,
    /// Per offering: numbers of the words of its city and state.
    pub(super) places: Vec<Vec<u32>>,
    /// Words for what offerings are for, and per offering which of these lists is its.
    pub(super) purposes: Vec<Vec<u32>>,
    pub(super) purpose_of: Vec<u16>,
    known_purposes: HashMap<(InstitutionKindCode, String), u16>,
}

type InstitutionKindCode = u8;

impl Texts {
    pub(super) fn read(offerings: &[&Offering]) -> Self {
        let mut texts = Self::default();
        for (entry, offering) in offerings.iter().enumerate() {
            texts.add(entry as u32, offering);
        }
        let initials = std::mem::take(&mut texts.initials);
        texts.all.extend(initials);
        texts
    }

    pub(super) fn words_of(&self, text: &Text) -> &[u32] {
        &self.words[text.start as usize..][..usize::from(text.count)]
    }

    fn add(&mut self, entry: u32, offering: &Offering) {
        let first = self.all.len();
        self.add_name(entry, Source::Name, &offering.name, first);
        for (at, alias) in offering.also_known_as.iter().enumerate() {
            self.add_name(entry, Source::Alias(at as u16), alias, first);
        }
        if offering.brand != offering.name {
            self.add_name(entry, Source::Brand, &offering.brand, first);
        }
        for (source, url) in [(Source::Home, &offering.home_url), (Source::Login, &offering.login_url)] {
            if let Some(label) = Address::read(url).map(|address| address.label().replace('-', "")) {
                let word = self.intake.number(&label);
                self.add_words(entry, source, Form::Joined, &[word], first);
            }
        }
        self.add_initials(entry, &offering.name);
        let place = self.place(&offering.place);
        self.places.push(place);
        let purpose = self.purpose(offering);
        self.purpose_of.push(purpose);
    }

    fn add_name(&mut self, entry: u32, source: Source, name: &str, first: usize) {
        let read = words::read(name);
        let numbers: Vec<u32> = read.iter().map(|word| self.intake.number(&word.text)).collect();
        self.add_words(entry, source, Form::Words, &numbers, first);
        if let Some(apart) = words::with_numbers_apart(&read) {
            let numbers: Vec<u32> = apart.iter().map(|word| self.intake.number(&word.text)).collect();
            self.add_words(entry, source, Form::NumbersApart, &numbers, first);
        }
        if read.len() > 1 {
            for joined in words::joined(name) {
                let joined = self.intake.number(&joined);
                self.add_words(entry, source, Form::Joined, &[joined], first);
            }
        }
    }

    /// The same words once an offering: its name also is its brand, and often its address.
    fn add_words(&mut self, entry: u32, source: Source, form: Form, words: &[u32], first: usize) {
        let words = &words[..words.len().min(words::WORDS_MAX)];
        let known = |text: &Text| self.words_of(text) == words;
        if words.is_empty() || self.all[first..].iter().any(known) {
            return;
        }
        let start = self.words.len() as u32;
        self.words.extend_from_slice(words);
        self.all.push(Text { entry, source, form, start, count: words.len() as u8 });
    }

    fn add_initials(&mut self, entry: u32, name: &str) {
        let letters: Vec<char> =
            words::read(name).iter().filter_map(|word| word.text.chars().next()).collect();
        if !(3..=8).contains(&letters.len()) {
            return;
        }
        let word = self.intake.number(&letters.into_iter().collect::<String>());
        let start = self.words.len() as u32;
        self.words.push(word);
        self.initials.push(Text { entry, source: Source::Initials, form: Form::Joined, start, count: 1 });
    }

    /// City and state, the state also by its name: `Omaha, NE` → `omaha ne nebraska`.
    fn place(&mut self, place: &str) -> Vec<u32> {
        let state = place.rsplit_once(", ").and_then(|(_, code)| states::name(code)).unwrap_or_default();
        let read = words::read(place).into_iter().chain(words::read(state));
        read.map(|word| self.intake.number(&word.text)).collect()
    }

    fn purpose(&mut self, offering: &Offering) -> u16 {
        let key = (offering.kind as InstitutionKindCode, offering.purpose.clone());
        if let Some(known) = self.known_purposes.get(&key) {
            return *known;
        }
        let texts = [words_for(offering.kind), &offering.purpose];
        let read = texts.into_iter().flat_map(words::read);
        let numbers = read.map(|word| self.intake.number(&word.text)).collect();
        let number = self.purposes.len().min(usize::from(u16::MAX)) as u16;
        self.purposes.push(numbers);
        self.known_purposes.insert(key, number);
        number
    }
}

/// What people call accounts of a kind when they add it to the name.
fn words_for(kind: InstitutionKind) -> &'static str {
    match kind {
        InstitutionKind::Bank => "bank banking checking savings cd mortgage credit card",
        InstitutionKind::CreditUnion => "credit union banking checking savings",
        InstitutionKind::Broker => {
            "brokerage broker ira roth investment investments investing invest stock trading"
        }
        InstitutionKind::Retirement => "retirement 401k 403b 457 plan benefits pension workplace",
        InstitutionKind::Insurer => "insurance life annuity annuities",
        InstitutionKind::Lender => "loan loans lending mortgage student auto servicing",
        InstitutionKind::Card => "credit card cards visa mastercard store",
        InstitutionKind::Hsa => "hsa fsa health savings",
        InstitutionKind::Payroll => "payroll pay paystub",
        InstitutionKind::Crypto => "crypto bitcoin wallet exchange",
        InstitutionKind::Other => "",
    }
}
