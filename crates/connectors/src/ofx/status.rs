//! Status codes and what each means for a connection (OFX 2.3 §2.5.1.7, §11.4.2.3, §13.9.2.8, appendix A).

use domain::Reason;

use super::read::Severity;

/// What a STATUS of the sign-on asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Signed on.
    Welcome,
    /// 3000: the password is right; ask for the questions.
    Challenge,
    /// 3001: the answers were wrong.
    AnswersWrong,
    /// 15512: a one-time token is needed.
    TokenNeeded,
    /// 15513: the token was wrong.
    TokenWrong,
    /// The run is over.
    Failed(Reason),
}

/// Reads the STATUS of SONRS. An unknown ERROR counts as 2000 (OFX 2.3 §3.1.5); anything less is a welcome.
pub(super) fn signon(code: u32, severity: Severity) -> Verdict {
    match code {
        0 | 1 => Verdict::Welcome,
        3000 => Verdict::Challenge,
        3001 => Verdict::AnswersWrong,
        15512 => Verdict::TokenNeeded,
        15513 => Verdict::TokenWrong,
        // Wrong parameters of ours must never look like a wrong password: FI, country, empty sign-on, version.
        13504 | 15505 | 15506 | 15509 | 2021 => Verdict::Failed(Reason::ConnectorConfig),
        13505 => Verdict::Failed(Reason::Maintenance),
        // 15000 has severity INFO, but the institution goes on only after the change.
        15000 | 15507 => Verdict::Failed(Reason::PasswordReset),
        15500 => Verdict::Failed(Reason::CredentialsRejected),
        15501 => Verdict::Failed(Reason::SessionConflict),
        15502 => Verdict::Failed(Reason::Locked),
        // TYPE1 nonce, and the three about ACCESSTOKEN.
        15504 | 15514 | 15515 | 15516 => Verdict::Failed(Reason::LoginKindUnsupported),
        15508 | 15510 | 15511 => Verdict::Failed(Reason::ActionNeeded),
        _ if severity == Severity::Error => Verdict::Failed(Reason::BadResponse),
        _ => Verdict::Welcome,
    }
}

/// Reads the STATUS over one account's statement; `None` when nothing is wrong.
pub(super) fn account(code: u32, severity: Severity) -> Option<Reason> {
    match code {
        0 | 1 => None,
        // Invalid, not found, closed.
        2001 | 2003 | 2004 => Some(Reason::AccountMissing),
        // Not authorized: switched on at the institution.
        2005 => Some(Reason::ActionNeeded),
        13505 => Some(Reason::Maintenance),
        // Parts of an investment statement that this institution does not send, or a plan that is none.
        12250..=12255 => Some(Reason::Partial),
        // Not here: 15500 at an account only follows from another error of the sign-on (OFX 2.3 §2.5.1.1.1).
        _ if severity == Severity::Error => Some(Reason::BadResponse),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_status_of_a_sign_on_has_its_reason() {
        use Severity::{Error, Info, Warn};
        use Verdict::{AnswersWrong, Challenge, Failed, TokenNeeded, TokenWrong, Welcome};
        for (code, severity, verdict) in [
            (0, Info, Welcome),
            (1, Info, Welcome),
            (2000, Error, Failed(Reason::BadResponse)),
            (2028, Warn, Welcome),
            (3000, Error, Challenge),
            (3001, Error, AnswersWrong),
            (13504, Error, Failed(Reason::ConnectorConfig)),
            (13505, Error, Failed(Reason::Maintenance)),
            (15000, Info, Failed(Reason::PasswordReset)),
            (15500, Error, Failed(Reason::CredentialsRejected)),
            (15501, Error, Failed(Reason::SessionConflict)),
            (15502, Error, Failed(Reason::Locked)),
            (15503, Error, Failed(Reason::BadResponse)),
            (15504, Error, Failed(Reason::LoginKindUnsupported)),
            (15505, Error, Failed(Reason::ConnectorConfig)),
            (15506, Error, Failed(Reason::ConnectorConfig)),
            (15507, Error, Failed(Reason::PasswordReset)),
            (15508, Error, Failed(Reason::ActionNeeded)),
            (15509, Error, Failed(Reason::ConnectorConfig)),
            (15510, Error, Failed(Reason::ActionNeeded)),
            (15511, Error, Failed(Reason::ActionNeeded)),
            (15512, Error, TokenNeeded),
            (15513, Error, TokenWrong),
            (15514, Error, Failed(Reason::LoginKindUnsupported)),
            (15515, Error, Failed(Reason::LoginKindUnsupported)),
            (15516, Error, Failed(Reason::LoginKindUnsupported)),
            (2021, Error, Failed(Reason::ConnectorConfig)),
            // A server's own codes.
            (2999, Error, Failed(Reason::BadResponse)),
            (15999, Error, Failed(Reason::BadResponse)),
            (15999, Warn, Welcome),
        ] {
            assert_eq!(signon(code, severity), verdict, "{code}");
        }
    }

    #[test]
    fn every_status_of_an_account_has_its_reason() {
        use Severity::{Error, Info, Warn};
        for (code, severity, reason) in [
            (0, Info, None),
            (1, Info, None),
            (2000, Error, Some(Reason::BadResponse)),
            (2001, Error, Some(Reason::AccountMissing)),
            (2002, Error, Some(Reason::BadResponse)),
            (2003, Error, Some(Reason::AccountMissing)),
            (2004, Error, Some(Reason::AccountMissing)),
            (2005, Error, Some(Reason::ActionNeeded)),
            (2019, Error, Some(Reason::BadResponse)),
            (2020, Error, Some(Reason::BadResponse)),
            (2021, Error, Some(Reason::BadResponse)),
            (2027, Error, Some(Reason::BadResponse)),
            (2028, Warn, None),
            (12250, Warn, Some(Reason::Partial)),
            (12251, Warn, Some(Reason::Partial)),
            (12252, Warn, Some(Reason::Partial)),
            (12253, Warn, Some(Reason::Partial)),
            (12254, Warn, Some(Reason::Partial)),
            (12255, Error, Some(Reason::Partial)),
            (12500, Error, Some(Reason::BadResponse)),
            (13505, Error, Some(Reason::Maintenance)),
            (15500, Error, Some(Reason::BadResponse)),
        ] {
            assert_eq!(account(code, severity), reason, "{code}");
        }
    }
}
