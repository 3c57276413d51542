//! The directory: every institution a client may name, found as typed.
//!
//! About 8,900 institutions of the United States are in the binary (`data/README.md`); the sandbox's and a firm's own
//! offerings are added at start. It lives in memory and is read-only afterwards, so a search takes no lock and asks no
//! database.

mod index;
mod words;

use std::{collections::HashMap, io::Read};

use domain::institution::{InstitutionKind, Offering};

use index::Index;

static INSTITUTIONS: &[u8] = include_bytes!("../../data/institutions.tsv.gz");

/// Results on one page of the type-ahead.
pub const RESULTS_MAX: usize = 24;
/// From how many letters on a search answers.
pub const QUERY_CHARS_MIN: usize = 2;
/// A longer query is cut: no institution's address is longer.
pub const QUERY_CHARS_MAX: usize = 200;

/// All offerings, and the index to find them.
pub struct Directory {
    offerings: Vec<Offering>,
    by_id: HashMap<String, usize>,
    index: Index,
}

/// The embedded file is damaged: a fault of the build.
#[derive(Debug, thiserror::Error)]
#[error("the embedded directory can't be read: {0}")]
pub struct Damaged(String);

/// Offerings of one brand, or a single one.
#[derive(Debug)]
pub struct Group<'a> {
    pub brand: &'a str,
    pub offerings: Vec<&'a Offering>,
}

/// What a search found, best first.
#[derive(Debug, Default)]
pub struct Results<'a> {
    pub groups: Vec<Group<'a>>,
    /// Several results could be meant by what was typed: the page asks to compare the address with the one the client
    /// logs in at.
    pub compare_addresses: bool,
}

impl Results<'_> {
    /// How many offerings.
    pub fn len(&self) -> usize {
        self.groups.iter().map(|group| group.offerings.len()).sum()
    }

    /// Whether nothing was found.
    pub fn is_empty(&self) -> bool {
        self.groups.is_empty()
    }
}

impl Directory {
    /// The embedded directory with `more` offerings; one of `more` replaces an embedded one of the same id.
    pub fn load(more: Vec<Offering>) -> Result<Self, Damaged> {
        let mut text = String::new();
        flate2::read::GzDecoder::new(INSTITUTIONS)
            .read_to_string(&mut text)
            .map_err(|e| Damaged(e.to_string()))?;
        let mut offerings = text
            .lines()
            .skip(1)
            .enumerate()
            .map(|(row, line)| read_row(line).ok_or_else(|| Damaged(format!("row {}", row + 2))))
            .collect::<Result<Vec<_>, _>>()?;
        offerings.retain(|offering| more.iter().all(|own| own.id != offering.id));
        offerings.extend(more);
        Ok(Self::of(offerings))
    }

    /// A directory of exactly these offerings.
    pub fn of(offerings: Vec<Offering>) -> Self {
        let by_id = offerings.iter().enumerate().map(|(at, offering)| (offering.id.clone(), at)).collect();
        let index = Index::build(&offerings);
        Self { offerings, by_id, index }
    }

    /// The offering of an id.
    pub fn offering(&self, id: &str) -> Option<&Offering> {
        self.by_id.get(id).map(|at| &self.offerings[*at])
    }

    /// How many offerings.
    pub fn len(&self) -> usize {
        self.offerings.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.offerings.is_empty()
    }

    /// The offerings meant by what was typed: a name, a part of it, an abbreviation, a web address, with slips of the
    /// hand forgiven. Nothing before the second letter.
    pub fn search(&self, typed: &str) -> Results<'_> {
        let typed: String = typed.trim().chars().take(QUERY_CHARS_MAX).collect();
        if typed.chars().count() < QUERY_CHARS_MIN {
            return Results::default();
        }
        let ranked = self.index.rank(&typed, RESULTS_MAX);
        let compare_addresses = self.several_could_be_meant(&ranked);
        let mut groups: Vec<Group<'_>> = Vec::new();
        for (at, _) in ranked {
            let offering = &self.offerings[at];
            match groups.iter_mut().find(|group| group.brand == offering.brand) {
                Some(group) => group.offerings.push(offering),
                None => groups.push(Group { brand: &offering.brand, offerings: vec![offering] }),
            }
        }
        Results { groups, compare_addresses }
    }

    /// Whether another offering shares the best one's brand, or a word of its name that was typed.
    fn several_could_be_meant(&self, ranked: &[(usize, f32)]) -> bool {
        let Some((best, best_score)) = ranked.first() else { return false };
        let best = &self.offerings[*best];
        let first_word = words::of(&best.name).into_iter().next();
        ranked.iter().skip(1).any(|(at, score)| {
            let other = &self.offerings[*at];
            let close = *score > best_score * 0.5;
            other.brand == best.brand || (close && words::of(&other.name).into_iter().next() == first_word)
        })
    }
}

fn read_row(line: &str) -> Option<Offering> {
    let mut column = line.split('\t');
    let mut next = || column.next().map(str::to_owned);
    let (id, brand, name, also_known_as) = (next()?, next()?, next()?, next()?);
    let (kind, purpose, home_url, login_url, place) = (next()?, next()?, next()?, next()?, next()?);
    let popularity = next()?.parse().ok()?;
    let also_known_as =
        also_known_as.split("; ").filter(|name| !name.is_empty()).map(str::to_owned).collect();
    let kind = read_kind(&kind)?;
    Some(Offering {
        id,
        brand,
        name,
        kind,
        purpose,
        also_known_as,
        home_url,
        login_url,
        place,
        popularity,
        access: None,
        notice: None,
    })
}

fn read_kind(code: &str) -> Option<InstitutionKind> {
    Some(match code {
        "bank" => InstitutionKind::Bank,
        "credit_union" => InstitutionKind::CreditUnion,
        "broker" => InstitutionKind::Broker,
        "retirement" => InstitutionKind::Retirement,
        "insurer" => InstitutionKind::Insurer,
        "lender" => InstitutionKind::Lender,
        "card" => InstitutionKind::Card,
        "hsa" => InstitutionKind::Hsa,
        "payroll" => InstitutionKind::Payroll,
        "crypto" => InstitutionKind::Crypto,
        "other" => InstitutionKind::Other,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use std::sync::LazyLock;

    use super::*;

    static DIRECTORY: LazyLock<Directory> = LazyLock::new(|| Directory::load(Vec::new()).unwrap());

    fn names(typed: &str) -> Vec<String> {
        let results = DIRECTORY.search(typed);
        results
            .groups
            .iter()
            .flat_map(|group| &group.offerings)
            .map(|offering| offering.name.clone())
            .collect()
    }

    #[test]
    fn fidelity_shows_all_that_could_be_meant_and_asks_to_compare() {
        let results = DIRECTORY.search("fidelity");
        assert!(results.compare_addresses);
        let found = names("fidelity");
        assert_eq!(found[0], "Fidelity Investments");
        for name in ["Fidelity NetBenefits", "Fidelity Bank"] {
            assert!(found.iter().any(|other| other == name), "{name} in {found:?}");
        }
        assert_eq!(results.groups[0].brand, "Fidelity");
        assert!(results.groups[0].offerings.len() >= 3);
    }

    #[test]
    fn forgives_slips_abbreviations_and_pasted_addresses() {
        for (typed, wanted) in [
            ("fidleity", "Fidelity Investments"),
            ("schwap", "Charles Schwab"),
            ("vangaurd", "Vanguard"),
            ("bofa", "Bank of America"),
            ("wellsfargo", "Wells Fargo"),
            ("https://www.chase.com/personal/banking", "Chase"),
            ("www.vanguard.com", "Vanguard"),
            ("nb.fidelity.com", "Fidelity NetBenefits"),
            ("Wells  FARGO bank", "Wells Fargo"),
            ("usaa", "USAA"),
            ("navy fed", "Navy Federal Credit Union"),
            ("NFCU", "Navy Federal Credit Union"),
            ("ch", "Chase"),
        ] {
            assert_eq!(names(typed).first().map(String::as_str), Some(wanted), "{typed}: {:?}", names(typed));
        }
    }

    #[test]
    fn nothing_before_the_second_letter_and_nothing_for_nonsense() {
        for typed in ["", " ", "f", "qqqzzzxxkk", "\u{0}\u{1}", "!!!"] {
            assert!(DIRECTORY.search(typed).is_empty(), "{typed:?}: {:?}", names(typed));
        }
        assert!(DIRECTORY.search(&"fidelity ".repeat(10_000)).len() <= RESULTS_MAX);
    }

    #[test]
    fn every_row_has_an_address_to_compare_and_an_id_of_its_own() {
        assert!(DIRECTORY.len() > 8_000);
        assert_eq!(DIRECTORY.by_id.len(), DIRECTORY.len());
        for offering in &DIRECTORY.offerings {
            assert!(
                offering.home_url.starts_with("https://") && offering.address().contains('.'),
                "{}",
                offering.id
            );
        }
    }

    #[test]
    fn a_firms_own_offering_replaces_the_one_of_the_same_id() {
        let mut own = DIRECTORY.offering("chase").unwrap().clone();
        own.name = "Chase (our agreement)".to_owned();
        let directory = Directory::load(vec![own]).unwrap();
        assert_eq!(directory.len(), DIRECTORY.len());
        assert_eq!(directory.offering("chase").unwrap().name, "Chase (our agreement)");
    }
}
