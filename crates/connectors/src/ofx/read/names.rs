//! Names of OFX's aggregates, as far as repairing a file without end tags needs them.

use super::investment::{is_position, is_trade};

/// Where an aggregate stands between the document (0) and one entry (6). None contains one of its own rank or a lower.
pub(super) fn rank(name: &str) -> Option<u8> {
    match name {
        "OFX" => Some(0),
        "STMTRS" | "CCSTMTRS" | "LOANSTMTRS" | "INVSTMTRS" => Some(3),
        "BANKTRANLIST" | "BANKTRANLISTP" | "LOANTRANLIST" | "INVTRANLIST" | "INVPOSLIST" | "LEDGERBAL"
        | "AVAILBAL" | "INVBAL" => Some(4),
        "INVBANKTRAN" | "STMTTRNP" | "LOANSTMTTRN" => Some(5),
        "STMTTRN" => Some(6),
        _ if name.ends_with("MSGSRSV1") || name.ends_with("MSGSRSV2") => Some(1),
        _ if name.ends_with("TRNRS") => Some(2),
        _ => None,
    }
}

/// The aggregates that carry the structure of an answer: stray text inside does not make them leaves.
pub(super) fn is_structure(name: &str) -> bool {
    rank(name).is_some()
        || matches!(
            name,
            "SONRS"
                | "PROFRS"
                | "ACCTINFORS"
                | "ACCTINFO"
                | "INVTRAN"
                | "INVBUY"
                | "INVSELL"
                | "INVPOS"
                | "BANKACCTFROM"
                | "CCACCTFROM"
                | "LOANACCTFROM"
                | "INVACCTFROM"
                | "SECLIST"
                | "SECINFO"
                | "MFACHALLENGERS"
                | "MFACHALLENGE"
        )
}

/// The aggregates of OFX 1.0.2 to 2.3 that an answer to our requests or a statement file can hold.
pub(super) fn is_aggregate(name: &str) -> bool {
    if is_structure(name)
        || name.ends_with("MSGSET")
        || name.ends_with("MSGSETV1")
        || name.ends_with("MSGSETV2")
    {
        return true;
    }
    // 13.8.5: the kinds of security.
    if is_trade(name) || is_position(name) {
        return true;
    }
    matches!(
        name,
        "STOCKINFO" | "MFINFO" | "DEBTINFO" | "OPTINFO" | "OTHERINFO" | "SECID" | "CURRENCY" | "ORIGCURRENCY"
    ) || matches!(
        name,
        "STATUS"
            | "FI"
            | "MSGSETLIST"
            | "SIGNONINFOLIST"
            | "SIGNONINFO"
            | "MSGSETCORE"
            | "BANKACCTINFO"
            | "CCACCTINFO"
            | "LOANACCTINFO"
            | "INVACCTINFO"
            | "BPACCTINFO"
            | "OTHERACCTINFO"
            | "BANKACCTTO"
            | "CCACCTTO"
            | "LOANACCTTO"
            | "INVACCTTO"
            | "PAYEE"
            | "BALLIST"
            | "BAL"
            | "PRINBAL"
            | "LOANINT"
            | "LOANIRATE"
            | "LOANPMT"
            | "LOANPMTINFO"
            | "LOANTRNAMT"
            | "ESCRWAMT"
            | "LASTPMTINFO"
            | "INVOOLIST"
            | "INV401K"
            | "INV401KBAL"
            | "LOANINFO"
            | "MATCHINFO"
            | "CONTRIBINFO"
            | "VESTINFO"
            | "IMAGEDATA"
            | "OFXEXTENSION"
            | "CONTACTPROF"
    )
}
