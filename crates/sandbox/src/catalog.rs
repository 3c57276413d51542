//! All institutions of the sandbox. To add one, write it down in a file of this folder and list it here.

use std::sync::LazyLock;

use crate::institution::Institution;

pub(crate) mod household;
mod moving;
pub(crate) mod plans;
mod signon;
mod trouble;

/// Institutions that belong together on the index page.
pub(crate) struct Theme {
    pub title: &'static str,
    pub institutions: Vec<&'static Institution>,
}

/// All themes, in the order of the index page.
pub(crate) fn themes() -> Vec<Theme> {
    vec![
        Theme { title: "A household, and one where all is well", institutions: household() },
        Theme { title: "Signing on", institutions: signing_on() },
        Theme { title: "Accounts that change, entries that are strange", institutions: changing() },
        Theme { title: "One version of OFX each", institutions: versions() },
        Theme { title: "In trouble", institutions: trouble::IN_TROUBLE.to_vec() },
    ]
}

/// All institutions, in the same order.
pub(crate) static INSTITUTIONS: LazyLock<Vec<&'static Institution>> =
    LazyLock::new(|| themes().into_iter().flat_map(|theme| theme.institutions).collect());

fn household() -> Vec<&'static Institution> {
    vec![
        &household::LAKESHORE,
        &household::BEACON,
        &household::MERIDIAN,
        &household::GRANITE,
        &signon::EVERGREEN,
    ]
}

fn signing_on() -> Vec<&'static Institution> {
    vec![
        &signon::FOXGLOVE,
        &signon::IRONBRIDGE,
        &signon::FERNWICK,
        &signon::COPPERLEAF,
        &signon::SALTMARSH,
        &signon::KESTREL,
        &signon::JUNIPER,
        &signon::HOLLOW_CREEK,
        &signon::THORNBURY,
        &signon::WINDMERE,
        &signon::STONEWATER,
        &signon::BRIARWOOD,
        &signon::LARKSPUR,
    ]
}

fn changing() -> Vec<&'static Institution> {
    vec![
        &moving::TIDEWATER,
        &moving::ROWAN,
        &moving::SUMMIT,
        &moving::THISTLEDOWN,
        &moving::PINEGROVE,
        &moving::QUICKSILVER,
        &moving::BANQUE_DU_LAC,
        &signon::CROSSROADS,
    ]
}

fn versions() -> Vec<&'static Institution> {
    vec![
        &trouble::V102,
        &trouble::V103,
        &trouble::V160,
        &trouble::V203,
        &trouble::V211,
        &trouble::V220,
        &trouble::V230,
    ]
}

/// Finds an institution by its id.
pub(crate) fn institution(id: &str) -> Option<&'static Institution> {
    INSTITUTIONS.iter().find(|institution| institution.id == id).copied()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn everything_is_unique_and_fits_the_protocol() {
        let mut ids = BTreeSet::new();
        let mut passwords = BTreeSet::new();
        for institution in INSTITUTIONS.iter() {
            assert!(ids.insert(institution.id) && ids.insert(institution.fid), "{}", institution.id);
            assert!(institution.answers(institution.version), "{}", institution.id);
            assert!(institution.name.ends_with("(sandbox)"));
            for persona in institution.personas {
                assert!(passwords.insert(persona.password), "{}", persona.password);
                // USERID and USERPASS are A-32 (OFX 2.3 §2.5.1.5).
                assert!(persona.login.len() <= 32 && persona.next_password().len() <= 32);
                assert!(persona.password.starts_with("sandbox-") && !persona.story.is_empty());
                assert!(persona.accounts.iter().all(|account| account.number.len() <= 22));
            }
        }
    }
}
