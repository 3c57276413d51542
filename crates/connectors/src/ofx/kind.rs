//! What an account is, from what the institution says about it.

use domain::account::AccountKind;

use super::{memo::KnownAccount, read::Family};

/// The kind, and whether the institution's data left it open.
pub(super) fn of(account: &KnownAccount) -> (AccountKind, bool) {
    let words = [&account.description, &account.nickname]
        .into_iter()
        .flatten()
        .map(|text| text.to_lowercase())
        .collect::<Vec<_>>()
        .join(" ");
    match account.family {
        Family::Card => (AccountKind::CreditCard, false),
        Family::Bank => bank(account, &words),
        Family::Loan => loan(account.kind.as_deref(), &words),
        Family::Investment => investment(account, &words),
    }
}

/// ACCTTYPE (OFX 2.3 §11.3.1.1).
fn bank(account: &KnownAccount, words: &str) -> (AccountKind, bool) {
    match account.kind.as_deref().unwrap_or_default().to_ascii_uppercase().as_str() {
        "CHECKING" => (AccountKind::Checking, false),
        "SAVINGS" => (AccountKind::Savings, false),
        "MONEYMRKT" => (AccountKind::MoneyMarket, false),
        "CD" => (AccountKind::CertificateOfDeposit, false),
        // Before 2.1 loans come as lines of credit; 2.2 says which (OFX 2.3 §11.3.3).
        "CREDITLINE" if account.loan_kind.is_some() => loan(account.loan_kind.as_deref(), words),
        "CREDITLINE" => credit_line(words),
        _ => (AccountKind::Checking, true),
    }
}

fn credit_line(words: &str) -> (AccountKind, bool) {
    for (word, kind) in LOAN_WORDS {
        if words.contains(word) {
            return (kind, true);
        }
    }
    (AccountKind::LineOfCredit, true)
}

const LOAN_WORDS: [(&str, AccountKind); 8] = [
    ("heloc", AccountKind::HomeEquityLine),
    ("home equity", AccountKind::HomeEquityLine),
    ("mortgage", AccountKind::Mortgage),
    ("student", AccountKind::StudentLoan),
    ("auto", AccountKind::AutoLoan),
    ("vehicle", AccountKind::AutoLoan),
    ("car loan", AccountKind::AutoLoan),
    ("personal loan", AccountKind::OtherDebt),
];

/// LOANACCTTYPE (OFX 2.3 §11.3.7.1).
fn loan(kind: Option<&str>, words: &str) -> (AccountKind, bool) {
    match kind.unwrap_or_default() {
        "AUTO" => (AccountKind::AutoLoan, false),
        "MORTGAGE" | "CONSTR" => (AccountKind::Mortgage, false),
        "STUDENT" => (AccountKind::StudentLoan, false),
        "HOMEEQUITY" => (AccountKind::HomeEquityLine, false),
        "CONSUMER" | "COMMERCIAL" | "MILITARY" | "SMB" => (AccountKind::OtherDebt, false),
        _ => {
            let worded = LOAN_WORDS.iter().find(|(word, _)| words.contains(word));
            (worded.map_or(AccountKind::OtherDebt, |(_, kind)| *kind), true)
        }
    }
}

/// USPRODUCTTYPE and INVACCTTYPE (OFX 2.3 §13.6.2). IRA does not say which, and most servers send OTHER or NORMAL for
/// everything, so the description has a word.
fn investment(account: &KnownAccount, words: &str) -> (AccountKind, bool) {
    let worded = INVESTMENT_WORDS.iter().find(|(word, _)| words.contains(word)).map(|(_, kind)| *kind);
    match account.product.as_deref().unwrap_or_default() {
        "401K" | "403B" | "KEOGH" => (AccountKind::WorkplacePlan, false),
        "SARSEP" | "SIMPLE" => (AccountKind::WorkplacePlan, true),
        "IRA" if words.contains("roth") => (AccountKind::RothIra, false),
        "IRA" => (AccountKind::TraditionalIra, !words.contains("traditional") && !words.contains("rollover")),
        "TDA" => (AccountKind::Annuity, false),
        "TRUST" => (AccountKind::Trust, false),
        "NORMAL" => match worded {
            Some(kind) => (kind, true),
            None if account.ownership.as_deref() == Some("TRUST") => (AccountKind::Trust, false),
            None => (AccountKind::Brokerage, false),
        },
        _ => (worded.unwrap_or(AccountKind::Brokerage), true),
    }
}

const INVESTMENT_WORDS: [(&str, AccountKind); 11] = [
    ("roth", AccountKind::RothIra),
    ("401(k)", AccountKind::WorkplacePlan),
    ("401k", AccountKind::WorkplacePlan),
    ("403(b)", AccountKind::WorkplacePlan),
    ("403b", AccountKind::WorkplacePlan),
    ("529", AccountKind::EducationSavings),
    ("education", AccountKind::EducationSavings),
    ("health savings", AccountKind::HealthSavings),
    ("hsa", AccountKind::HealthSavings),
    ("annuity", AccountKind::Annuity),
    ("ira", AccountKind::TraditionalIra),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn account(family: Family, kind: &str, product: &str, description: &str) -> KnownAccount {
        let filled = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        KnownAccount {
            family,
            institution: None,
            branch: None,
            number: "1".to_owned(),
            kind: filled(kind),
            key: None,
            description: filled(description),
            nickname: None,
            balance_only: false,
            product: filled(product),
            ownership: None,
            loan_kind: None,
        }
    }

    #[test]
    fn kinds_follow_what_the_institution_says() {
        use AccountKind as Kind;
        use Family::{Bank, Card, Investment, Loan};
        for (family, kind, product, description, expected) in [
            (Bank, "CHECKING", "", "", (Kind::Checking, false)),
            (Bank, "SAVINGS", "", "", (Kind::Savings, false)),
            (Bank, "MONEYMRKT", "", "", (Kind::MoneyMarket, false)),
            (Bank, "CD", "", "", (Kind::CertificateOfDeposit, false)),
            (Bank, "CREDITLINE", "", "", (Kind::LineOfCredit, true)),
            (Bank, "CREDITLINE", "", "My HELOC", (Kind::HomeEquityLine, true)),
            (Bank, "", "", "", (Kind::Checking, true)),
            (Card, "", "", "", (Kind::CreditCard, false)),
            (Loan, "AUTO", "", "", (Kind::AutoLoan, false)),
            (Loan, "MORTGAGE", "", "", (Kind::Mortgage, false)),
            (Loan, "STUDENT", "", "", (Kind::StudentLoan, false)),
            (Loan, "HOMEEQUITY", "", "", (Kind::HomeEquityLine, false)),
            (Loan, "MILITARY", "", "", (Kind::OtherDebt, false)),
            (Loan, "", "", "Student loan", (Kind::StudentLoan, true)),
            (Investment, "", "401K", "", (Kind::WorkplacePlan, false)),
            (Investment, "", "IRA", "", (Kind::TraditionalIra, true)),
            (Investment, "", "IRA", "Roth", (Kind::RothIra, false)),
            (Investment, "", "IRA", "Rollover", (Kind::TraditionalIra, false)),
            (Investment, "", "NORMAL", "", (Kind::Brokerage, false)),
            (Investment, "", "OTHER", "529 college plan", (Kind::EducationSavings, true)),
            (Investment, "", "", "", (Kind::Brokerage, true)),
            (Investment, "", "TDA", "", (Kind::Annuity, false)),
        ] {
            assert_eq!(
                of(&account(family, kind, product, description)),
                expected,
                "{kind}{product} {description}"
            );
        }
    }
}
