//! Statements: balances, windows, loans, holdings, and what is strange about some of them.

use serde_json::json;

use crate::client::{Customer, Reply, cents, start, tell};

fn bank_request(id: &str, account_type: &str, inctran: &str) -> String {
    format!(
        "<BANKMSGSRQV1><STMTTRNRQ><TRNUID>s1</TRNUID><STMTRQ><BANKACCTFROM><BANKID>1</BANKID><ACCTID>{id}</ACCTID>\
         <ACCTTYPE>{account_type}</ACCTTYPE></BANKACCTFROM><INCTRAN>{inctran}<INCLUDE>Y</INCLUDE></INCTRAN>\
         <INCLUDEPENDING>Y</INCLUDEPENDING></STMTRQ></STMTTRNRQ></BANKMSGSRQV1>"
    )
}

fn card_request(id: &str) -> String {
    format!(
        "<CREDITCARDMSGSRQV1><CCSTMTTRNRQ><TRNUID>c1</TRNUID><CCSTMTRQ><CCACCTFROM><ACCTID>{id}</ACCTID></CCACCTFROM>\
         <INCTRAN><INCLUDE>Y</INCLUDE></INCTRAN></CCSTMTRQ></CCSTMTTRNRQ></CREDITCARDMSGSRQV1>"
    )
}

fn loan_request(id: &str) -> String {
    format!(
        "<LOANMSGSRQV1><LOANSTMTTRNRQ><TRNUID>l1</TRNUID><LOANSTMTRQ><LOANACCTFROM><LOANACCTID>{id}</LOANACCTID>\
         <LOANACCTTYPE>AUTO</LOANACCTTYPE></LOANACCTFROM><INCTRAN><INCLUDE>Y</INCLUDE></INCTRAN></LOANSTMTRQ></LOANSTMTTRNRQ>\
         </LOANMSGSRQV1>"
    )
}

fn invest_request(id: &str, from: &str) -> String {
    format!(
        "<INVSTMTMSGSRQV1><INVSTMTTRNRQ><TRNUID>i1</TRNUID><INVSTMTRQ><INVACCTFROM><BROKERID>x.example</BROKERID>\
         <ACCTID>{id}</ACCTID></INVACCTFROM><INCTRAN><DTSTART>{from}</DTSTART><INCLUDE>Y</INCLUDE></INCTRAN><INCOO>N</INCOO>\
         <INCPOS><INCLUDE>Y</INCLUDE></INCPOS><INCBAL>Y</INCBAL><INC401KBAL>Y</INC401KBAL></INVSTMTRQ></INVSTMTTRNRQ>\
         </INVSTMTMSGSRQV1>"
    )
}

fn ruth() -> Customer {
    Customer::new("lakeshore", "10101", "ruth.lindqvist", "sandbox-heron-3318")
}

async fn checking(customer: &Customer, sandbox: &sandbox::Sandbox, id: &str, inctran: &str) -> Reply {
    let reply = customer.send(sandbox, "", &bank_request(id, "CHECKING", inctran)).await;
    assert_eq!(reply.all("CODE"), ["0", "0"], "{}", reply.text());
    reply
}

#[tokio::test]
async fn the_household_has_its_balances_on_the_reference_day() {
    let sandbox = start().await;
    assert_eq!(checking(&ruth(), &sandbox, "7700153318", "").await.first("BALAMT"), "8412.77");
    let savings = ruth().send(&sandbox, "", &bank_request("7700157745", "SAVINGS", "")).await;
    assert_eq!(savings.first("BALAMT"), "64250.18");
    let visa = ruth().send(&sandbox, "", &card_request("4539880012346120")).await;
    assert_eq!(visa.first("BALAMT"), "-2913.55");
    let loan = ruth().send(&sandbox, "", &loan_request("L-20249934")).await;
    assert_eq!(loan.first("BALAMT"), "12911.20");
    assert_eq!(loan.all("LOANTRNTYPE").len(), 32);
    let home = Customer::new("granite", "10104", "lindqvist.home", "sandbox-quarry-0071").version(102);
    let mortgage = home.send(&sandbox, "", &bank_request("9000480071", "CREDITLINE", "")).await;
    assert_eq!(mortgage.first("BALAMT"), "-296480.12");
}

#[tokio::test]
async fn balances_move_by_the_entries_that_arrive() {
    let sandbox = start().await;
    let mut before = checking(&ruth(), &sandbox, "7700153318", "").await;
    for _ in 0..12 {
        tell(&sandbox, "/api/clock", json!({"advance_days": 9, "advance_seconds": 4_000})).await;
        let after = checking(&ruth(), &sandbox, "7700153318", "").await;
        let next = checking(
            &ruth(),
            &sandbox,
            "7700153318",
            &format!("<DTSTART>{}</DTSTART>", before.first("DTEND")),
        )
        .await;
        let new: i64 = next.cents("TRNAMT").iter().sum();
        assert_eq!(after.cents("BALAMT")[0] - before.cents("BALAMT")[0], new);
        assert_eq!(
            after.all("FITID").len(),
            before.all("FITID").len() + next.all("FITID").len(),
            "nothing missed or doubled"
        );
        before = after;
    }
}

#[tokio::test]
async fn windows_include_their_start_and_exclude_their_end() {
    let sandbox = start().await;
    let all = checking(&ruth(), &sandbox, "7700153318", "").await;
    let window = "<DTSTART>20261001</DTSTART><DTEND>20261101</DTEND>";
    let october = checking(&ruth(), &sandbox, "7700153318", window).await;
    let dates = october.all("DTPOSTED");
    assert!(dates.len() > 10 && dates.iter().all(|date| date.starts_with("202610")), "{dates:?}");
    assert!(dates.iter().all(|date| date.ends_with(".000[-5:EST]")));
    assert!(october.all("FITID").iter().all(|id| all.all("FITID").contains(id)), "FITIDs are stable");
    let wrong =
        ruth().send(&sandbox, "", &bank_request("7700153318", "CHECKING", "<DTSTART>x</DTSTART>")).await;
    assert_eq!(wrong.all("CODE"), ["0", "2020"]);
    let unknown = ruth().send(&sandbox, "", &bank_request("123", "CHECKING", "")).await;
    assert_eq!(unknown.all("CODE"), ["0", "2003"]);
    let request = bank_request("7700153318", "CHECKING", "");
    let inner = request.replace("<BANKMSGSRQV1>", "").replace("</BANKMSGSRQV1>", "");
    let twice = ruth().send(&sandbox, "", &format!("<BANKMSGSRQV1>{inner}{inner}</BANKMSGSRQV1>")).await;
    assert_eq!(twice.all("CODE"), ["0", "0", "2019"]);
}

#[tokio::test]
async fn a_loan_payment_is_the_sum_of_its_parts() {
    let sandbox = start().await;
    let loan = ruth().send(&sandbox, "", &loan_request("L-20249934")).await;
    let (total, principal, interest) = (loan.cents("TRNAMT"), loan.cents("PRINAMT"), loan.cents("INTAMT"));
    for number in 0..total.len() {
        assert_eq!(total[number], principal[number] + interest[number]);
    }
    assert_eq!(2_380_009 - principal.iter().sum::<i64>(), loan.cents("BALAMT")[0]);
    let old = ruth().version(203).send(&sandbox, "", &bank_request("L-20249934", "CREDITLINE", "")).await;
    let sum: i64 = old.cents("TRNAMT").iter().sum();
    assert_eq!(old.cents("BALAMT")[0], -2_380_009 + sum, "as a credit line, entries add up to the balance");
    let refused = ruth().version(203).send(&sandbox, "", &loan_request("L-20249934")).await;
    assert_eq!(refused.all("CODE"), ["0", "2000"]);
}

#[tokio::test]
async fn positions_and_cash_make_the_value() {
    let sandbox = start().await;
    let dana = Customer::new("summit", "10307", "dana.trader", "sandbox-crag-1701").version(230);
    let reply = dana.send(&sandbox, "", &invest_request("SRB-448120", "20261101")).await;
    assert_eq!(reply.all("CODE"), ["0", "0"]);
    let values = reply.cents("MKTVAL");
    assert_eq!(values.len(), 9);
    assert_eq!(values.iter().filter(|value| **value < 0).count(), 1, "the written call");
    assert_eq!(reply.all("AVGCOSTBASIS").len(), 9);
    let total = values.iter().sum::<i64>() + reply.cents("AVAILCASH")[0];
    assert_eq!(cents(&reply.first("VALUE")), total);
    for kind in [
        "POSSTOCK",
        "POSDEBT",
        "POSOPT",
        "POSMF",
        "POSOTHER",
        "STOCKINFO",
        "DEBTINFO",
        "OPTINFO",
        "MFINFO",
        "OTHERINFO",
    ] {
        assert!(reply.text().contains(&format!("<{kind}>")), "{kind}");
    }
    let held: Vec<String> = reply.all("UNIQUEID");
    let listed = reply.text().split("<SECLIST>").nth(1).unwrap().to_owned();
    assert!(held.iter().all(|id| listed.contains(id.as_str())), "the list names every security");
    let old = dana.clone().version(203).send(&sandbox, "", &invest_request("SRB-448120", "20261101")).await;
    assert!(old.all("AVGCOSTBASIS").is_empty(), "cost basis is new in 2.2");
    let many = Customer::new("summit", "10307", "dana.many", "sandbox-crag-1702");
    assert_eq!(
        many.send(&sandbox, "", &invest_request("SRB-900102", "20261101")).await.all("MKTVAL").len(),
        80
    );
}

#[tokio::test]
async fn holdings_move_day_by_day_and_with_contributions() {
    let sandbox = start().await;
    let samuel = Customer::new("meridian", "10103", "samuel.lindqvist", "sandbox-compass-5096").version(220);
    let request = invest_request("HF-0000315096", "20261101");
    let before = samuel.send(&sandbox, "", &request).await;
    assert_eq!(before.all("INV401KSOURCE").len(), before.all("MKTVAL").len() + before.all("DTTRADE").len());
    let plan: i64 = cents(&before.first("TOTAL"));
    assert_ne!(plan, 0);
    tell(&sandbox, "/api/clock", json!({"advance_days": 14})).await;
    let after = samuel.send(&sandbox, "", &request).await;
    let first_position = |reply: &Reply, tag: &str| {
        let text = reply.text().split("<INVPOSLIST>").nth(1).unwrap().to_owned();
        Reply { status: 200, head: String::new(), body: text.into_bytes() }.first(tag)
    };
    assert_ne!(first_position(&before, "UNITPRICE"), first_position(&after, "UNITPRICE"));
    assert_ne!(
        first_position(&before, "UNITS"),
        first_position(&after, "UNITS"),
        "a contribution bought more"
    );
}

#[tokio::test]
async fn ten_thousand_entries_are_sent_once_each() {
    let sandbox = start().await;
    let max = Customer::new("thistledown", "10303", "max.many", "sandbox-burr-1301");
    let reply = checking(&max, &sandbox, "2200990001", "").await;
    let mut ids = reply.all("FITID");
    assert_eq!(ids.len(), 10_000);
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 10_000);
}

#[tokio::test]
async fn pending_entries_have_no_id_and_lower_what_is_available() {
    let sandbox = start().await;
    let uma = Customer::new("pinegrove", "10304", "uma.pending", "sandbox-cone-1401").version(220);
    for _ in 0..10 {
        tell(&sandbox, "/api/clock", json!({"advance_days": 1})).await;
        let reply = checking(&uma, &sandbox, "1900110022", "").await;
        let text = reply.text();
        let (posted, pending) = text.split_once("<BANKTRANLISTP>").unwrap();
        let (pending, _) = pending.split_once("</BANKTRANLISTP>").unwrap();
        assert!(posted.contains("<FITID>") && !pending.contains("<FITID>"));
        let sum: i64 = Reply { status: 200, head: String::new(), body: pending.as_bytes().to_vec() }
            .cents("TRNAMT")
            .iter()
            .sum();
        let balances = reply.cents("BALAMT");
        assert_eq!(balances[1], balances[0] + sum);
        if sum < 0 {
            let old = checking(&uma.version(211), &sandbox, "1900110022", "").await;
            assert!(!old.text().contains("BANKTRANLISTP"), "pending entries are new in 2.2");
            return;
        }
    }
    panic!("nothing was pending in ten days");
}

#[tokio::test]
async fn corrections_name_what_they_correct() {
    let sandbox = start().await;
    let uma = Customer::new("pinegrove", "10304", "uma.corrected", "sandbox-cone-1402");
    let reply = checking(&uma, &sandbox, "1900110030", "").await;
    let (corrected, actions) = (reply.all("CORRECTFITID"), reply.all("CORRECTACTION"));
    assert!(
        corrected.len() >= 48
            && actions.contains(&"REPLACE".to_owned())
            && actions.contains(&"DELETE".to_owned())
    );
    let ids = reply.all("FITID");
    assert!(corrected.iter().all(|id| ids.contains(id)));
}

#[tokio::test]
async fn twins_share_all_but_the_id_and_some_share_the_id() {
    let sandbox = start().await;
    let twins = Customer::new("pinegrove", "10304", "uma.twins", "sandbox-cone-1403");
    let reply =
        checking(&twins, &sandbox, "1900110048", "<DTSTART>20261109</DTSTART><DTEND>20261112</DTEND>").await;
    let ferries = reply.text().matches("ISLAND FERRY ONE WAY").count();
    assert_eq!(ferries, 2);
    let shared = Customer::new("pinegrove", "10304", "uma.shared", "sandbox-cone-1404");
    let reply =
        checking(&shared, &sandbox, "1900110056", "<DTSTART>20261109</DTSTART><DTEND>20261110</DTEND>").await;
    let mut ids = reply.all("FITID");
    let all = ids.len();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), all - 1);
}

#[tokio::test]
async fn some_ids_change_with_each_download() {
    let sandbox = start().await;
    let ivo = Customer::new("quicksilver", "10305", "ivo.ids", "sandbox-drop-1501").version(102);
    let (one, two) =
        (checking(&ivo, &sandbox, "1700440019", "").await, checking(&ivo, &sandbox, "1700440019", "").await);
    assert_eq!(one.all("TRNAMT"), two.all("TRNAMT"));
    assert!(one.all("FITID").iter().zip(two.all("FITID")).all(|(one, two)| *one != two));
    let body = one.text().split("\r\n\r\n").nth(1).unwrap().to_owned();
    assert!(!body.contains('\n'), "one long line");
}

#[tokio::test]
async fn commas_accents_and_euros() {
    let sandbox = start().await;
    let elise = Customer::new("banquedulac", "10306", "elise.virgule", "sandbox-quai-1601").version(103);
    let reply = checking(&elise, &sandbox, "00020410077", "").await;
    assert_eq!((reply.first("CURDEF"), reply.first("BALAMT")), ("EUR".to_owned(), "3180,45".to_owned()));
    assert!(reply.body.windows(6).any(|window| window == b"MARCH\xc9"), "Windows-1252, as the header says");
    let xml = checking(&elise.version(203), &sandbox, "00020410077", "").await;
    assert!(String::from_utf8(xml.body).unwrap().contains("MARCHÉ"));
}

#[tokio::test]
async fn split_message_sets_refuse_each_other() {
    let sandbox = start().await;
    let ari = Customer::new("crossroads", "10215", "ari.split", "sandbox-signpost-9601").version(203);
    let bank = bank_request("8800120034", "CHECKING", "");
    let invest = invest_request("CRF-5520917", "20261101");
    let file = |sets: &str| ari.file("", sets);
    for (path, sets, status) in [
        ("/ofx/crossroads", &bank, 400),
        ("/ofx/crossroads/bank", &bank, 200),
        ("/ofx/crossroads/bank", &invest, 400),
        ("/ofx/crossroads/invest", &invest, 200),
        ("/ofx/crossroads/invest", &bank, 400),
        ("/ofx/evergreen/bank", &bank, 400),
    ] {
        let reply = crate::client::send(&sandbox, "POST", path, "application/x-ofx", &file(sets)).await;
        assert_eq!(reply.status, status, "{path}");
    }
}
