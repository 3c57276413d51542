//! The states and territories: their postal codes and names.

/// The name of a postal code: `NE` → `Nebraska`.
pub(crate) fn name(code: &str) -> Option<&'static str> {
    STATES.binary_search_by(|(known, _)| (*known).cmp(code)).ok().map(|at| STATES[at].1)
}

/// The two letters of a state, from them or from its name.
pub(crate) fn code(text: &str) -> Option<&'static str> {
    let text = text.trim();
    let mut known = STATES.iter().chain(&ALSO);
    let found = known.find(|(code, name)| text.eq_ignore_ascii_case(code) || text.eq_ignore_ascii_case(name));
    found.map(|(code, _)| *code)
}

/// Postal codes of states and territories, sorted.
const STATES: [(&str, &str); 56] = [
    ("AK", "Alaska"),
    ("AL", "Alabama"),
    ("AR", "Arkansas"),
    ("AS", "American Samoa"),
    ("AZ", "Arizona"),
    ("CA", "California"),
    ("CO", "Colorado"),
    ("CT", "Connecticut"),
    ("DC", "District of Columbia"),
    ("DE", "Delaware"),
    ("FL", "Florida"),
    ("GA", "Georgia"),
    ("GU", "Guam"),
    ("HI", "Hawaii"),
    ("IA", "Iowa"),
    ("ID", "Idaho"),
    ("IL", "Illinois"),
    ("IN", "Indiana"),
    ("KS", "Kansas"),
    ("KY", "Kentucky"),
    ("LA", "Louisiana"),
    ("MA", "Massachusetts"),
    ("MD", "Maryland"),
    ("ME", "Maine"),
    ("MI", "Michigan"),
    ("MN", "Minnesota"),
    ("MO", "Missouri"),
    ("MP", "Northern Mariana Islands"),
    ("MS", "Mississippi"),
    ("MT", "Montana"),
    ("NC", "North Carolina"),
    ("ND", "North Dakota"),
    ("NE", "Nebraska"),
    ("NH", "New Hampshire"),
    ("NJ", "New Jersey"),
    ("NM", "New Mexico"),
    ("NV", "Nevada"),
    ("NY", "New York"),
    ("OH", "Ohio"),
    ("OK", "Oklahoma"),
    ("OR", "Oregon"),
    ("PA", "Pennsylvania"),
    ("PR", "Puerto Rico"),
    ("RI", "Rhode Island"),
    ("SC", "South Carolina"),
    ("SD", "South Dakota"),
    ("TN", "Tennessee"),
    ("TX", "Texas"),
    ("UT", "Utah"),
    ("VA", "Virginia"),
    ("VI", "Virgin Islands"),
    ("VT", "Vermont"),
    ("WA", "Washington"),
    ("WI", "Wisconsin"),
    ("WV", "West Virginia"),
    ("WY", "Wyoming"),
];

/// What official files write besides.
const ALSO: [(&str, &str); 3] = [
    ("FM", "Federated States Of Micronesia"),
    ("MH", "Marshall Islands"),
    ("VI", "Virgin Islands Of The U.S."),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_are_sorted() {
        assert!(STATES.is_sorted());
        assert_eq!((name("NE"), name("XX")), (Some("Nebraska"), None));
    }
}
