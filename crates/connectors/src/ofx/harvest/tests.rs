//! What a statement becomes, from text to the domain.

use serde_json::{Value, json};

use super::*;
use crate::ofx::read;

fn parameters(quirks: &Value) -> Parameters {
    let mut row = json!({"url": "https://ofx.bank.example/"});
    row.as_object_mut().expect("an object").extend(quirks.as_object().cloned().unwrap_or_default());
    Parameters::read(&row).expect("parameters")
}

fn account(family: Family, number: &str, kind: &str) -> KnownAccount {
    KnownAccount {
        family,
        institution: None,
        branch: None,
        number: number.to_owned(),
        kind: Some(kind.to_owned()),
        key: None,
        description: Some("Checking 123456789".to_owned()),
        nickname: None,
        balance_only: false,
        product: None,
        ownership: None,
        loan_kind: None,
    }
}

/// The harvest of one answer, where each account was asked for under its index as TRNUID.
fn harvest(known: &[KnownAccount], quirks: &Value, body: &str) -> Harvest {
    let parameters = parameters(quirks);
    let now: Timestamp = "2026-03-10T03:00:00Z".parse().expect("a timestamp");
    let mut collector = Collector::new(&parameters, known, jiff::civil::date(2026, 1, 1), now);
    let text = format!("<OFX>{body}</OFX>");
    let document = read::read(text.as_bytes()).expect("OFX");
    let asked: Vec<_> = (0..known.len()).map(|index| (index.to_string(), index)).collect();
    collector.add(&read::Reply::of(&document), &asked);
    collector.finish(true, false)
}

fn bank(id: usize, number: &str, inside: &str) -> String {
    format!(
        "<STMTTRNRS><TRNUID>{id}</TRNUID><STATUS><CODE>0</CODE><SEVERITY>INFO</SEVERITY></STATUS><STMTRS><CURDEF>USD\
         <BANKACCTFROM><ACCTID>{number}</BANKACCTFROM>{inside}</STMTRS></STMTTRNRS>"
    )
}

fn entry(date: &str, amount: &str, more: &str) -> String {
    format!(
        "<BANKTRANLIST><STMTTRN><DTPOSTED>{date}<TRNAMT>{amount}<FITID>1<NAME>Shop{more}</STMTTRN></BANKTRANLIST>"
    )
}

fn ledger(amount: &str) -> String {
    format!("<LEDGERBAL><BALAMT>{amount}<DTASOF>20260309</LEDGERBAL>")
}

#[test]
fn what_is_owed_is_negative_whatever_the_institution_s_convention() {
    let card = |quirk: &str, amount: &str| {
        let body = format!("<CCSTMTRS><CCACCTFROM><ACCTID>4</CCACCTFROM>{}</CCSTMTRS>", ledger(amount));
        let quirks = if quirk.is_empty() { json!({}) } else { json!({"card_balance": quirk}) };
        harvest(&[account(Family::Card, "4", "")], &quirks, &body).accounts[0]
            .balance
            .expect("a balance")
            .amount
            .minor
    };
    for (quirk, amount, owed) in [
        ("", "-12.34", -1234),
        ("", "12.34", 1234),
        ("owed_negative", "-12.34", -1234),
        ("owed_positive", "12.34", -1234),
        ("owed_positive", "-5", 500),
        ("always_owed", "12.34", -1234),
        ("always_owed", "-12.34", -1234),
    ] {
        assert_eq!(card(quirk, amount), owed, "{quirk} {amount}");
    }
    let loan = |amount: &str| {
        let body = format!(
            "<LOANSTMTRS><LOANACCTFROM><LOANACCTID>L</LOANACCTFROM><PRINBAL><BALAMT>{amount}<DTASOF>20260309</PRINBAL></LOANSTMTRS>"
        );
        harvest(&[account(Family::Loan, "L", "AUTO")], &json!({}), &body).accounts[0]
            .balance
            .map(|b| b.amount.minor)
    };
    assert_eq!((loan("15000"), loan("-15000")), (Some(-1_500_000), Some(-1_500_000)));
    let line = bank(0, "1", &ledger("250.00"));
    let line = harvest(&[account(Family::Bank, "1", "CREDITLINE")], &json!({}), &line);
    assert_eq!(line.accounts[0].balance.map(|balance| balance.amount.minor), Some(-25_000));
}

#[test]
fn dates_are_the_institution_s_own() {
    let day = |date: &str, quirks: &Value| {
        let found =
            harvest(&[account(Family::Bank, "1", "CHECKING")], quirks, &bank(0, "1", &entry(date, "1", "")));
        found.accounts[0].transactions.as_ref().expect("entries").posted[0].posted_on.to_string()
    };
    let new_york = json!({"time_zone": "America/New_York"});
    for (date, as_written, in_zone) in [
        ("20260305", "2026-03-05", "2026-03-05"),
        ("20260305235959[-5:EST]", "2026-03-05", "2026-03-05"),
        ("20260305010000[-5:EST]", "2026-03-05", "2026-03-05"),
        ("20260305045959", "2026-03-05", "2026-03-04"),
        ("20260305120000[0:GMT]", "2026-03-05", "2026-03-05"),
        ("20260305000000[0:GMT]", "2026-03-05", "2026-03-04"),
    ] {
        assert_eq!(day(date, &json!({})), as_written, "{date}");
        assert_eq!(day(date, &new_york), in_zone, "{date}");
    }
}

#[test]
fn an_entry_that_can_t_be_read_is_not_lost_in_silence() {
    for (date, amount, more) in
        [("****", "1", ""), ("20260305", "12 dr", ""), ("20260305", "1", "<CURRENCY><CURSYM>EUR</CURRENCY>")]
    {
        let found = harvest(
            &[account(Family::Bank, "1", "CHECKING")],
            &json!({}),
            &bank(0, "1", &entry(date, amount, more)),
        );
        assert_eq!(found.accounts[0].incomplete, Some(Reason::BadResponse), "{date} {amount} {more}");
        assert!(found.accounts[0].transactions.as_ref().is_some_and(|window| window.posted.is_empty()));
    }
    let unreadable =
        harvest(&[account(Family::Bank, "1", "CHECKING")], &json!({}), &bank(0, "1", &ledger("n/a")));
    assert_eq!(
        (unreadable.accounts[0].balance, unreadable.accounts[0].incomplete),
        (None, Some(Reason::BadResponse))
    );
    let stray = format!("{}<STMTTRN><TRNAMT>1</STMTTRN>", bank(0, "1", &ledger("1")));
    let stray = harvest(&[account(Family::Bank, "1", "CHECKING")], &json!({}), &stray);
    assert_eq!(stray.accounts[0].incomplete, Some(Reason::BadResponse));
}

#[test]
fn another_currency_is_converted_by_its_rate() {
    let more = "<CURRENCY><CURRATE>1.10</CURRATE><CURSYM>EUR</CURSYM></CURRENCY>";
    let found = harvest(
        &[account(Family::Bank, "1", "CHECKING")],
        &json!({}),
        &bank(0, "1", &entry("20260305", "-10", more)),
    );
    assert_eq!(found.accounts[0].transactions.as_ref().expect("entries").posted[0].amount.minor, -1100);
    assert_eq!(found.accounts[0].incomplete, None);
}

#[test]
fn statements_find_their_account() {
    let known = [account(Family::Bank, "111", "CHECKING"), account(Family::Bank, "222", "SAVINGS")];
    let minor = |found: &Harvest| -> Vec<_> {
        found.accounts.iter().map(|account| account.balance.map(|balance| balance.amount.minor)).collect()
    };
    // A TRNUID that nobody sent: the account block decides.
    let swapped = bank(9, "222", &ledger("2")) + &bank(8, "111", &ledger("1"));
    assert_eq!(minor(&harvest(&known, &json!({}), &swapped)), [Some(100), Some(200)]);
    // A masked number: the TRNUID decides.
    let masked = bank(1, "xxx2", &ledger("2")) + &bank(0, "xxx1", &ledger("1"));
    assert_eq!(minor(&harvest(&known, &json!({}), &masked)), [Some(100), Some(200)]);
    // Several statements of one account add up, and the newest balance counts.
    let older = "<LEDGERBAL><BALAMT>7<DTASOF>20260201</LEDGERBAL>";
    let twice = bank(0, "111", &(entry("20260305", "1", "") + &ledger("1")))
        + &bank(0, "111", &(entry("20260201", "2", "") + older))
        + &bank(1, "222", &ledger("2"));
    let twice = harvest(&known, &json!({}), &twice);
    assert_eq!(minor(&twice), [Some(100), Some(200)]);
    assert_eq!(twice.accounts[0].transactions.as_ref().map(|window| window.posted.len()), Some(2));
    // One account refused, one left out: the others stay.
    let refused = "<STMTTRNRS><TRNUID>1</TRNUID><STATUS><CODE>2004<SEVERITY>ERROR</STATUS></STMTTRNRS>";
    let found = harvest(&known, &json!({}), &(bank(0, "111", &ledger("1")) + refused));
    assert_eq!(minor(&found), [Some(100), None]);
    assert_eq!(found.accounts[1].incomplete, Some(Reason::AccountMissing));
    let left_out = harvest(&known, &json!({}), &bank(0, "111", &ledger("1")));
    assert_eq!(left_out.accounts[1].incomplete, Some(Reason::BadResponse));
}

#[test]
fn entries_say_what_they_are() {
    let more = "<TRNTYPE>CHECK<CHECKNUM>1042<MEMO>Rent &amp;amp; heat<CORRECTFITID>0<CORRECTACTION>DELETE";
    let found = harvest(
        &[account(Family::Bank, "1", "CHECKING")],
        &json!({}),
        &bank(0, "1", &entry("20260305", "-800,00", more)),
    );
    let posted = &found.accounts[0].transactions.as_ref().expect("entries").posted[0];
    assert_eq!(
        (posted.detail.as_str(), posted.payee.as_str(), posted.memo.as_str()),
        ("Check 1042", "Shop", "Rent & heat")
    );
    assert_eq!(posted.corrects, Some(("0".to_owned(), Correction::Delete)));
    assert_eq!(posted.amount.minor, -80_000);
    assert_eq!(found.accounts[0].identity.name, "Checking ••••6789", "a name is no place for a whole number");
}

#[test]
fn pending_entries_are_never_posted() {
    let pending = "<BANKTRANLISTP><DTASOF>20260309<STMTTRNP><DTTRAN>20260308<TRNAMT>-5<NAME>Hotel</STMTTRNP></BANKTRANLISTP>";
    let found = harvest(&[account(Family::Bank, "1", "CHECKING")], &json!({}), &bank(0, "1", pending));
    let window = found.accounts[0].transactions.as_ref().expect("a window");
    assert_eq!((window.posted.len(), window.pending.as_ref().map(Vec::len)), (0, Some(1)));
    let none = harvest(
        &[account(Family::Bank, "1", "CHECKING")],
        &json!({}),
        &bank(0, "1", &entry("20260305", "1", "")),
    );
    assert_eq!(none.accounts[0].transactions.as_ref().expect("entries").pending, None);
}

fn investment(inside: &str) -> FoundAccount {
    let body = format!(
        "<INVSTMTTRNRS><TRNUID>0</TRNUID><INVSTMTRS><DTASOF>20260309<CURDEF>USD<INVACCTFROM><ACCTID>B</INVACCTFROM>{inside}\
         </INVSTMTRS></INVSTMTTRNRS><SECLIST><STOCKINFO><SECINFO><SECID><UNIQUEID>S1</SECID><SECNAME>Total Market<TICKER>VTI\
         </SECINFO></STOCKINFO></SECLIST>"
    );
    harvest(&[account(Family::Investment, "B", "")], &json!({}), &body).accounts.remove(0)
}

fn position(kind: &str, more: &str) -> String {
    format!("<INVPOSLIST><{kind}><INVPOS><SECID><UNIQUEID>S1</SECID>{more}</INVPOS></{kind}></INVPOSLIST>")
}

#[test]
fn an_investment_is_worth_its_positions_and_cash() {
    let cash = "<INVBAL><AVAILCASH>600.00<MARGINBALANCE>0<SHORTBALANCE>0</INVBAL>";
    let value = |account: &FoundAccount| account.balance.map(|balance| balance.amount.minor);
    let stock = position("POSSTOCK", "<UNITS>10<UNITPRICE>251.50<MKTVAL>2515.00<DTPRICEASOF>19900101") + cash;
    let stock = investment(&stock);
    let holdings = stock.holdings.as_ref().expect("holdings");
    assert_eq!((value(&stock), holdings.len()), (Some(311_500), 2));
    assert_eq!((holdings[0].symbol.as_str(), holdings[0].price_as_of), ("VTI", None));
    // Without MKTVAL: units times price, a bond's in percent of par; an option's can't be told.
    let bond = investment(&position("POSDEBT", "<UNITS>25000<UNITPRICE>88"));
    assert_eq!(value(&bond), Some(2_200_000));
    let option = investment(&position("POSOPT", "<UNITS>2<UNITPRICE>3"));
    assert_eq!((value(&option), option.incomplete), (None, Some(Reason::BadResponse)));
    let foreign = position("POSSTOCK", "<UNITS>1<MKTVAL>100<CURRENCY><CURRATE>1.5<CURSYM>GBP</CURRENCY>");
    assert_eq!(value(&investment(&foreign)), Some(15_000));
    let short = investment(&position("POSSTOCK", "<POSTYPE>SHORT<UNITS>4<UNITPRICE>10"));
    assert_eq!(value(&short), Some(-4_000));
    let plan = investment("<INV401KBAL><TOTAL>777.70</INV401KBAL>");
    assert_eq!(value(&plan), Some(77_770));
    assert_eq!(value(&investment("")), None, "nothing said is not zero");
}

#[test]
fn trades_are_entries_with_their_words() {
    let trade = |inside: &str| {
        let account = investment(&format!("<INVTRANLIST>{inside}</INVTRANLIST>"));
        let mut posted = account.transactions.expect("entries").posted;
        (
            posted.pop().map(|entry| (entry.detail, entry.amount.minor, entry.corrects.is_some())),
            account.incomplete,
        )
    };
    let common = "<INVTRAN><FITID>T<DTTRADE>20260303</INVTRAN><SECID><UNIQUEID>S1</SECID>";
    for (inside, detail, minor) in [
        (
            format!("<BUYSTOCK><INVBUY>{common}<UNITS>10.000<TOTAL>-2500</INVBUY></BUYSTOCK>"),
            "Buy 10 VTI",
            -250_000,
        ),
        (format!("<SELLMF><INVSELL>{common}<UNITS>-1.5<TOTAL>30</INVSELL></SELLMF>"), "Sell 1.5 VTI", 3_000),
        (format!("<INCOME>{common}<INCOMETYPE>DIV<TOTAL>12.34</INCOME>"), "Dividend VTI", 1_234),
        // Nothing was spent: the income that is not listed paid for it.
        (
            format!("<REINVEST>{common}<INCOMETYPE>DIV<TOTAL>-250.00<UNITS>250</REINVEST>"),
            "250.00 reinvested in 250 VTI",
            0,
        ),
        (format!("<TRANSFER>{common}<UNITS>3<TFERACTION>OUT</TRANSFER>"), "Transfer out 3 VTI", 0),
        (format!("<SPLIT>{common}</SPLIT>"), "Split VTI", 0),
        (
            "<MARGININTEREST><INVTRAN><DTTRADE>20260303</INVTRAN><TOTAL>-1</MARGININTEREST>".to_owned(),
            "Margin interest",
            -100,
        ),
    ] {
        assert_eq!(trade(&inside), (Some((detail.to_owned(), minor, false)), None));
    }
    let reversal = "<BUYSTOCK><INVBUY><INVTRAN><FITID>T2<DTTRADE>20260304<REVERSALFITID>T</INVTRAN><TOTAL>1</INVBUY></BUYSTOCK>";
    assert_eq!(trade(reversal).0.map(|(_, _, corrects)| corrects), Some(true));
    let no_total = trade(&format!("<BUYSTOCK><INVBUY>{common}<UNITS>1</INVBUY></BUYSTOCK>"));
    assert_eq!(no_total, (None, Some(Reason::BadResponse)));
}
