//! Accounts that come, go and change.

use serde_json::json;

use crate::client::{Customer, start, tell};

fn rowan(login: &str, password: &str) -> Customer {
    Customer::new("rowan", "10302", login, password)
}

#[tokio::test]
async fn accounts_appear_by_count_by_clock_or_by_hand() {
    let sandbox = start().await;
    let by_count = Customer::new("tidewater", "10301", "ira.empty", "sandbox-shell-1101");
    let first = by_count.accounts(&sandbox).await;
    assert_eq!(first.all("CODE"), ["0", "0"]);
    assert!(first.text().contains("<ACCTINFORS>") && first.all("ACCTID").is_empty());
    assert_eq!(by_count.accounts(&sandbox).await.all("ACCTID").len(), 1);

    let by_clock = Customer::new("tidewater", "10301", "ira.wait", "sandbox-shell-1102");
    assert!(by_clock.accounts(&sandbox).await.all("ACCTID").is_empty());
    assert!(by_clock.accounts(&sandbox).await.all("ACCTID").is_empty());
    tell(&sandbox, "/api/clock", json!({"advance_seconds": 120})).await;
    assert_eq!(by_clock.accounts(&sandbox).await.all("ACCTID").len(), 1);

    let by_hand = Customer { login: "ira.wait+1".to_owned(), ..by_clock };
    assert!(by_hand.accounts(&sandbox).await.all("ACCTID").is_empty());
    tell(&sandbox, "/api/personas/tidewater/ira.wait+1", json!({"act": "change_accounts"})).await;
    assert_eq!(by_hand.accounts(&sandbox).await.all("ACCTID").len(), 1);
}

#[tokio::test]
async fn accounts_vanish_are_renamed_and_renumbered() {
    let sandbox = start().await;
    for (login, password, before, after) in [
        ("jo.gains", "sandbox-orchard-1201", 1, 2),
        ("jo.loses", "sandbox-orchard-1202", 2, 1),
        ("jo.renamed", "sandbox-orchard-1203", 2, 2),
        ("jo.renumbered", "sandbox-orchard-1204", 4, 4),
        ("jo.emptied", "sandbox-orchard-1205", 4, 0),
        ("jo.halved", "sandbox-orchard-1206", 4, 2),
    ] {
        let first = rowan(login, password).accounts(&sandbox).await;
        let second = rowan(login, password).accounts(&sandbox).await;
        assert_eq!((first.all("ACCTID").len(), second.all("ACCTID").len()), (before, after), "{login}");
        let third = rowan(login, password).accounts(&sandbox).await;
        assert_eq!(second.all("ACCTID"), third.all("ACCTID"), "{login}: it changes once");
        match login {
            "jo.renamed" => {
                assert_eq!(second.first("DESC"), "Rowan Premier Checking");
                assert_eq!(first.all("ACCTID"), second.all("ACCTID"));
            }
            "jo.renumbered" => {
                let (old, new) = (first.all("ACCTID")[3].clone(), second.all("ACCTID")[3].clone());
                assert_ne!(old, new);
                assert_eq!(old[12..], new[12..], "the last four digits stay");
            }
            _ => {}
        }
    }
}

#[tokio::test]
async fn a_zeroed_account_says_nothing_at_all() {
    let sandbox = start().await;
    let jo = rowan("jo.zeroed", "sandbox-orchard-1207");
    let statement = "<BANKMSGSRQV1><STMTTRNRQ><TRNUID>s</TRNUID><STMTRQ><BANKACCTFROM><BANKID>1</BANKID>\
                     <ACCTID>3300720011</ACCTID><ACCTTYPE>CHECKING</ACCTTYPE></BANKACCTFROM><INCTRAN><INCLUDE>Y</INCLUDE>\
                     </INCTRAN></STMTRQ></STMTTRNRQ></BANKMSGSRQV1>";
    let before = jo.send(&sandbox, "", statement).await;
    assert_eq!(before.first("BALAMT"), "6120.08");
    jo.accounts(&sandbox).await;
    assert_eq!(jo.send(&sandbox, "", statement).await.first("BALAMT"), "6120.08", "the first list was true");
    jo.accounts(&sandbox).await;
    let after = jo.send(&sandbox, "", statement).await;
    assert_eq!(after.first("BALAMT"), "0.00");
    assert!(after.all("FITID").is_empty());
}

/// What the first list names has statements, until the second one is sent.
#[tokio::test]
async fn statements_go_by_the_last_list() {
    let sandbox = start().await;
    for (login, password, changed) in [
        ("jo.loses", "sandbox-orchard-1202", "2003"),
        ("jo.renumbered", "sandbox-orchard-1204", "2003"),
        ("jo.emptied", "sandbox-orchard-1205", "2003"),
        ("jo.halved", "sandbox-orchard-1206", "2003"),
        ("jo.zeroed", "sandbox-orchard-1207", "0"),
        ("jo.renamed", "sandbox-orchard-1203", "0"),
    ] {
        let jo = rowan(login, password);
        let listed = jo.accounts(&sandbox).await.all("ACCTID");
        let last = listed.last().unwrap();
        let statement = if listed.len() == 4 {
            format!(
                "<CREDITCARDMSGSRQV1><CCSTMTTRNRQ><TRNUID>s</TRNUID><CCSTMTRQ><CCACCTFROM><ACCTID>{last}</ACCTID>\
                 </CCACCTFROM></CCSTMTRQ></CCSTMTTRNRQ></CREDITCARDMSGSRQV1>"
            )
        } else {
            format!(
                "<BANKMSGSRQV1><STMTTRNRQ><TRNUID>s</TRNUID><STMTRQ><BANKACCTFROM><BANKID>1</BANKID><ACCTID>{last}\
                 </ACCTID><ACCTTYPE>SAVINGS</ACCTTYPE></BANKACCTFROM></STMTRQ></STMTTRNRQ></BANKMSGSRQV1>"
            )
        };
        let code = async || jo.send(&sandbox, "", &statement).await.all("CODE")[1].clone();
        assert_eq!(code().await, "0", "{login}: as the first list says");
        jo.accounts(&sandbox).await;
        assert_eq!(code().await, changed, "{login}: as the second list says");
    }
}

#[tokio::test]
async fn an_unchanged_list_is_up_to_date() {
    let sandbox = start().await;
    let list = crate::client::ACCOUNT_LIST.replace("19900101", "20261120");
    let plain = Customer::plain().send(&sandbox, "", &list).await;
    assert_eq!(plain.all("CODE"), ["0", "1"]);
    assert!(!plain.text().contains("ACCTINFORS"));
    let jo = rowan("jo.gains", "sandbox-orchard-1201");
    jo.accounts(&sandbox).await;
    assert_eq!(jo.send(&sandbox, "", &list).await.all("CODE"), ["0", "0"], "it has changed just now");
}

#[tokio::test]
async fn a_reset_starts_every_story_anew() {
    let sandbox = start().await;
    let jo = rowan("jo.emptied", "sandbox-orchard-1205");
    jo.accounts(&sandbox).await;
    assert!(jo.accounts(&sandbox).await.all("ACCTID").is_empty());
    tell(&sandbox, "/api/reset", json!({"institution": "rowan"})).await;
    assert_eq!(jo.accounts(&sandbox).await.all("ACCTID").len(), 4);
}
