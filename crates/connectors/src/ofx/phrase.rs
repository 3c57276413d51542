//! Questions of the sign-on challenge: reserved phrase ids, the institution's own, and the ones a program answers
//! (OFX 2.3 §2.5.4.4.1).

use domain::{
    Timestamp,
    challenge::{Question, QuestionKind},
};
use serde::{Deserialize, Serialize};

use super::{parameters::Parameters, words};

/// One question as the institution put it; kept in the memo while it waits for a person.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Asked {
    pub id: String,
    pub label: Option<String>,
}

/// The questions reserved by the specification, for servers that send the id alone.
const RESERVED: [(&str, &str); 23] = [
    ("MFA1", "City of birth"),
    ("MFA2", "Date of birth, as MM/DD/YYYY"),
    ("MFA3", "Debit card number"),
    ("MFA4", "Father’s middle name"),
    ("MFA5", "Favorite color"),
    ("MFA6", "First pet’s name"),
    ("MFA7", "Five-digit ZIP code"),
    ("MFA8", "Grandmother’s maiden name on your father’s side"),
    ("MFA9", "Grandmother’s maiden name on your mother’s side"),
    ("MFA10", "Last four digits of your cell phone number"),
    ("MFA11", "Last four digits of your daytime phone number"),
    ("MFA12", "Last four digits of your home phone number"),
    ("MFA13", "Last four digits of your social security number"),
    ("MFA14", "Last four digits of your tax ID"),
    ("MFA15", "Month of birth of your youngest sibling, not abbreviated"),
    ("MFA16", "Mother’s maiden name"),
    ("MFA17", "Mother’s middle name"),
    ("MFA18", "Name of the company where you had your first job"),
    ("MFA19", "Name of the manufacturer of your first car"),
    ("MFA20", "Name of the street you grew up on"),
    ("MFA21", "Name of your high school football team, without the name of the school"),
    ("MFA22", "Amount of a recent deposit or withdrawal"),
    ("MFA23", "Year of birth, as YYYY"),
];

/// The answer to a question that is meant for the program; `None` when a person must answer.
pub(super) fn answered_by_program(id: &str, parameters: &Parameters, now: Timestamp) -> Option<String> {
    let answer = match id {
        "MFA101" => now.strftime("%Y%m%d%H%M%S").to_string(),
        // The machine's own name and addresses are nobody's business; these are the same for every installation.
        "MFA102" => "localhost".to_owned(),
        "MFA103" => "127.0.0.1".to_owned(),
        "MFA104" => "00:00:00:00:00:00".to_owned(),
        "MFA105" => std::env::consts::OS.to_owned(),
        "MFA106" => std::env::consts::ARCH.to_owned(),
        "MFA107" => parameters.user_agent.clone(),
        _ => return None,
    };
    Some(answer)
}

/// The question as a person is to see it.
pub(super) fn question(asked: &Asked) -> Question {
    let reserved = RESERVED.iter().find(|(id, _)| *id == asked.id).map(|(_, label)| (*label).to_owned());
    let is_reserved = reserved.is_some();
    let own = asked.label.as_deref().map(words::masked).filter(|label| !label.is_empty());
    let label = own.or(reserved).unwrap_or_else(|| "The institution’s security question".to_owned());
    let kind = if !is_reserved && asks_for_code(&label) { QuestionKind::Code } else { QuestionKind::Text };
    let sent_to = if kind == QuestionKind::Code { masked_target(&label) } else { None };
    Question { id: asked.id.clone(), label, kind, options: Vec::new(), sent_to, help_url: None }
}

/// Whether a label asks for a one-time code, which OFX has no field for: only the words tell.
fn asks_for_code(label: &str) -> bool {
    let lower = label.to_lowercase();
    let mentions =
        ["code", "passcode", "one-time", "one time", "otp", "token"].iter().any(|word| lower.contains(word));
    let is_something_else =
        ["zip", "area code", "postal", "country code"].iter().any(|word| lower.contains(word));
    mentions && !is_something_else
}

/// The masked target in `Enter the code sent to ***-***-0142`: a word with at least two masking signs in it.
fn masked_target(label: &str) -> Option<String> {
    let mask = |c: char| matches!(c, '*' | '•' | '·' | '●');
    let word = label.split_whitespace().find(|word| word.chars().filter(|c| mask(*c)).count() >= 2)?;
    let target: String = word.chars().map(|c| if mask(c) { '•' } else { c }).collect();
    Some(target.trim_matches(['.', ',', ':', ';', '(', ')']).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(id: &str, label: Option<&str>) -> Question {
        question(&Asked { id: id.to_owned(), label: label.map(str::to_owned) })
    }

    #[test]
    fn an_id_without_a_label_has_the_specification_s_words() {
        assert_eq!(shown("MFA16", None).label, "Mother’s maiden name");
        assert_eq!(shown("MFA7", None).kind, QuestionKind::Text, "a ZIP code is not sent to anybody");
        assert_eq!(shown("MFA16", Some("Your mother's name?")).label, "Your mother's name?");
        assert!(!shown("Q1", None).label.is_empty());
    }

    #[test]
    fn a_code_and_where_it_went_are_recognized() {
        let code = shown("OOB", Some("Enter the access code we sent to ***-***-0142."));
        assert_eq!((code.kind, code.sent_to.as_deref()), (QuestionKind::Code, Some("•••-•••-0142")));
        assert_eq!(shown("Q7", Some("What is your ZIP code?")).kind, QuestionKind::Text);
        assert_eq!(shown("Q7", Some("Name of your first school?")).kind, QuestionKind::Text);
    }

    #[test]
    fn the_program_answers_what_is_meant_for_it() {
        let parameters = Parameters::read(&serde_json::json!({"url": "https://a.example/"})).unwrap();
        let now: Timestamp = "2026-11-23T15:09:53Z".parse().unwrap();
        let answer = |id: &str| answered_by_program(id, &parameters, now);
        assert_eq!(answer("MFA101").as_deref(), Some("20261123150953"));
        assert_eq!(answer("MFA107").as_deref(), Some("InetClntApp/3.0"));
        assert!((101..=107).all(|number| answer(&format!("MFA{number}")).is_some()));
        assert!((1..=30).all(|number| answer(&format!("MFA{number}")).is_none()));
        assert_eq!(answer("MFA108"), None);
    }
}
