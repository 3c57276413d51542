//! Queries made from the directory itself, the same ones every time: what happens to any row, not only to known ones.

use std::{collections::HashMap, fmt::Write as _};

use directory::Directory;
use domain::institution::Offering;

/// Marsaglia's xorshift: a seed gives the same numbers everywhere.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 16) as usize % limit.max(1)
    }
}

type Made = Option<(String, Vec<String>)>;

/// All kinds of queries that can be made.
pub(crate) const KINDS: [&str; 11] = [
    "one slip",
    "beginning",
    "joined",
    "swapped",
    "placed",
    "fcu",
    "address",
    "initials",
    "other name",
    "known, one slip",
    "known, beginning",
];

/// A table as `directory::eval` reads it, with up to `each` queries of every kind.
pub(crate) fn queries(directory: &Directory, each: usize, seed: u64) -> String {
    let names = Names::of(directory);
    let mut random = Random(seed | 1);
    let mut table = "query\ttop1_ids\ttop3_ids\tfamily_ids_top8\tcategory\n".to_owned();
    for kind in KINDS {
        let mut made = 0;
        for _ in 0..each * 60 {
            let offering = &directory.offerings()[random.below(directory.len())];
            let Some((query, ids)) = names.make(kind, offering, &mut random) else { continue };
            let ids = ids.join(";");
            writeln!(table, "{query}\t{ids}\t{ids}\t\t{kind}").expect("a string");
            made += 1;
            if made == each {
                break;
            }
        }
    }
    table
}

struct Names<'a> {
    /// Each offering with its name, and then what else it is called, for comparing.
    offerings: Vec<(&'a Offering, Vec<String>)>,
    by_name: HashMap<String, Vec<&'a Offering>>,
}

fn plain(name: &str) -> String {
    name.to_lowercase().replace(['\'', '.', ','], "").replace('&', "and")
}

impl<'a> Names<'a> {
    fn of(directory: &'a Directory) -> Self {
        let mut by_name: HashMap<String, Vec<&Offering>> = HashMap::new();
        let mut offerings = Vec::new();
        for offering in directory.offerings() {
            let names = std::iter::once(&offering.name).chain(&offering.also_known_as);
            let names: Vec<String> = names.map(|name| plain(name)).collect();
            for name in &names {
                by_name.entry(name.clone()).or_default().push(offering);
            }
            offerings.push((offering, names));
        }
        Self { offerings, by_name }
    }

    fn make(&self, kind: &str, offering: &Offering, random: &mut Random) -> Made {
        let name = plain(&offering.name);
        let words: Vec<&str> = name.split_whitespace().collect();
        let same = || self.by_name[&name].iter().map(|other| other.id.clone()).collect::<Vec<_>>();
        match kind {
            "one slip" => (offering.popularity >= 4 && name.len() >= 8 && name.is_ascii())
                .then(|| (slip(&name, random), same())),
            "beginning" => self.beginning(&name, random),
            "joined" => (words.len() > 1).then(|| (words.concat(), same())),
            "swapped" => {
                let at = random.below(words.len());
                let mut swapped = words.clone();
                swapped.swap(at, (at + 1) % words.len());
                (words.len() > 2).then(|| (swapped.join(" "), same()))
            }
            "placed" => self.placed(offering, &name, random),
            "fcu" => {
                let short = name.strip_suffix(" federal credit union")?;
                Some((format!("{short} fcu"), same()))
            }
            "address" => self.address(offering, random),
            "initials" => self.initials(&words),
            _ => self.of_known(kind, offering, random),
        }
    }

    fn beginning(&self, name: &str, random: &mut Random) -> Made {
        let letters = name.chars().count();
        let typed: String = name.chars().take(letters * (60 + random.below(31)) / 100).collect();
        let fits = self.offerings.iter().filter(|(_, names)| names[0].starts_with(&typed));
        let ids = fits.map(|(other, _)| other.id.clone()).collect();
        (letters >= 8).then_some((typed, ids))
    }

    fn placed(&self, offering: &Offering, name: &str, random: &mut Random) -> Made {
        let (city, state) = offering.place.split_once(", ")?;
        let namesakes = self.by_name.get(name).filter(|namesakes| namesakes.len() > 1)?;
        let (added, part) = match random.below(3) {
            0 => (city.to_owned(), city),
            1 => (format!("{city} {state}"), city),
            _ => (state.to_lowercase(), state),
        };
        let fits = namesakes.iter().filter(|other| other.place.contains(part));
        Some((format!("{name} {}", added.to_lowercase()), fits.map(|other| other.id.clone()).collect()))
    }

    fn address(&self, offering: &Offering, random: &mut Random) -> Made {
        let host = offering.home_url.split("//").nth(1)?.split('/').next()?.trim_start_matches("www.");
        let typed = match random.below(8) {
            0 => format!("https://www.{host}/personal/login?next=%2F"),
            1 => format!("online.{host}"),
            2 => format!("https://secure.{host}:8443/"),
            3 => format!("me@{host}"),
            4 => format!("www.{host}"),
            5 => host.to_uppercase(),
            6 => host[..host.len() - 1].to_owned(),
            _ => host.rsplit_once('.')?.0.to_owned(),
        };
        let fits = self.offerings.iter().filter(|(other, names)| {
            [&other.home_url, &other.login_url].iter().any(|url| url.contains(host))
                || names[0].split(' ').collect::<String>() == typed
        });
        let ids = fits.map(|(other, _)| other.id.clone()).collect();
        Some((typed, ids))
    }

    /// Some name of an institution that people know.
    fn of_known(&self, kind: &str, offering: &Offering, random: &mut Random) -> Made {
        let names: Vec<&String> = std::iter::once(&offering.name).chain(&offering.also_known_as).collect();
        let name = plain(names[random.below(names.len())]);
        if offering.popularity > 3 || name.len() < 4 || !name.is_ascii() {
            return None;
        }
        let of = |name: &str| self.by_name[name].iter().map(|other| other.id.clone()).collect();
        match kind {
            "other name" => Some((name.clone(), of(&name))),
            "known, one slip" => (name.len() >= 6).then(|| (slip(&name, random), of(&name))),
            _ => {
                let typed = &name[..(name.len() * 7).div_ceil(10)];
                let begins = |names: &[String]| names.iter().any(|name| name.starts_with(typed));
                let fits = self.offerings.iter().filter(|(_, names)| begins(names));
                Some((typed.to_owned(), fits.map(|(other, _)| other.id.clone()).collect()))
            }
        }
    }

    fn initials(&self, words: &[&str]) -> Made {
        let initials: String = words.iter().filter_map(|word| word.chars().next()).collect();
        let known = self.by_name.get(&initials).filter(|_| initials.len() >= 3)?;
        let ids = known.iter().map(|other| other.id.clone()).collect();
        Some((initials, ids))
    }
}

/// A letter changed, missing, added, or swapped with the next.
fn slip(name: &str, random: &mut Random) -> String {
    let mut letters: Vec<char> = name.chars().collect();
    let places: Vec<usize> = (0..letters.len() - 1).filter(|at| letters[*at].is_alphabetic()).collect();
    let at = places[random.below(places.len())];
    let letter = char::from(b'a' + random.below(26) as u8);
    match random.below(4) {
        0 => letters[at] = letter,
        1 => drop(letters.remove(at)),
        2 => letters.insert(at, letter),
        _ => letters.swap(at, at + 1),
    }
    letters.into_iter().collect()
}
