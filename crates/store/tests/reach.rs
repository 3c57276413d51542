//! Who sees what: everything that a reader can ask, for each role, within and out of reach, on both databases.

use domain::{
    AccountId, HouseholdId, InvitationId, Money, PersonId,
    account::{AccountKind, Owner},
    audit::Subject,
    person::{Person, Role},
    rights::{Act, allow},
};
use jiff::civil::date;
use store::{
    Error, Reader, Store,
    account::NewByHand,
    testing::{self, Sample, now, subject},
};

/// A household with something of everything in it.
struct Stocked {
    sample: Sample,
    household: HouseholdId,
    account: AccountId,
    invitation: InvitationId,
}

async fn stock(
    store: &Store,
    url: &str,
    sample: Sample,
    household: HouseholdId,
    word: &'static str,
) -> Stocked {
    let mut tx = store.begin(&domain::audit::Doer::Operator, "stock", now()).await.unwrap();
    let account = tx
        .add_by_hand(NewByHand {
            household,
            form_key: word,
            kind: AccountKind::Checking,
            owner: Owner::Client,
            name: word,
            institution: word,
            counted: true,
            value: Money { minor: 5, currency: domain::Currency::USD },
            as_of: date(2026, 11, 20),
        })
        .await
        .unwrap();
    let kept = store.reader(&sample.as_advisor()).household(household).await.unwrap();
    let mut hash = [0; 32];
    hash[..word.len()].copy_from_slice(word.as_bytes());
    let email = format!("{word}@example.com");
    let invitation = tx.invite(&kept, sample.advisor.id, word, &email, &hash).await.unwrap().id;
    tx.commit().await.unwrap();
    testing::execute(
        url,
        &format!(
            "INSERT INTO entry (account_id, entry_key, posted_on, amount, payee, memo, detail, pending, first_seen_at)
             VALUES ('{account}', 'k', '2026-11-20', 1, 'Payee', '', '', {no}, 0);
             INSERT INTO holding (account_id, position, security_id, symbol, name, kind, quantity, amount)
             VALUES ('{account}', 0, '', 'VTI', 'Fund', 'fund', '1.5', 100)",
            no = if url.starts_with("sqlite") { "0" } else { "FALSE" },
        ),
    )
    .await;
    Stocked { sample, household, account, invitation }
}

/// How much of a household a reader finds, by question.
async fn found(reader: &Reader, of: &Stocked) -> Vec<(&'static str, usize)> {
    let one = |outcome: Result<(), Error>| match outcome {
        Ok(()) => 1,
        Err(Error::NotFound) => 0,
        Err(error) => panic!("{error}"),
    };
    let (household, account, since) = (of.household, of.account, date(2026, 1, 1));
    vec![
        ("household", one(reader.household(household).await.map(drop))),
        ("resource", one(reader.resource(household, None).await.map(drop))),
        ("households", reader.households().await.unwrap().iter().filter(|row| row.id == household).count()),
        ("audit", reader.audit(household, 1).await.unwrap().len()),
        ("accounts", reader.accounts(household).await.unwrap().len()),
        ("account", one(reader.account(account).await.map(drop))),
        ("values", reader.values(account, since).await.unwrap().len()),
        ("holdings", reader.holdings(account).await.unwrap().len()),
        ("net worth", reader.net_worth_history(household, since).await.unwrap().len()),
        ("invitation", one(reader.invitation(of.invitation).await.map(drop))),
        (
            "invitations",
            reader.invitations().await.unwrap().iter().filter(|row| row.household == household).count(),
        ),
        ("transactions", reader.entries(account, "", 1).await.unwrap().total as usize),
        ("search", reader.entries(account, "payee", 1).await.unwrap().entries.len()),
    ]
}

const OF_HOUSEHOLD_ALONE: [&str; 2] = ["transactions", "search"];

#[tokio::test]
async fn a_reader_finds_what_is_within_reach_and_nothing_else() {
    for database in testing::databases().await {
        let (store, url) = (&database.store, &*database.url);
        let oak = Sample::new(store, "Oak").await;
        let elm = Sample::new(store, "Elm").await;
        // A second advisor of the same firm, with a household of their own.
        let colleague = oak.add(store, Role::Advisor, "Second").await;
        let mut tx = store.begin(&domain::audit::Doer::Operator, "op", now()).await.unwrap();
        let second = tx.add_household(oak.firm.id, "Second", colleague.id).await.unwrap();
        tx.commit().await.unwrap();
        let theirs = Sample { advisor: colleague.clone(), household: second.clone(), ..oak.clone() };

        let mut staff: Vec<Person> = Vec::new();
        for role in Role::ALL.into_iter().filter(|role| *role != Role::Client && *role != Role::Advisor) {
            staff.push(oak.add(store, role, "Staff").await);
        }
        let everybody: Vec<Subject> =
            [oak.client.clone(), elm.client.clone(), oak.advisor.clone(), colleague]
                .iter()
                .chain(&staff)
                .map(subject)
                .collect();
        let stocked = [
            stock(store, url, oak.clone(), oak.household.id, "oak").await,
            stock(store, url, theirs, second.id, "second").await,
            stock(store, url, elm.clone(), elm.household.id, "elm").await,
        ];
        let mut cells = 0;
        for who in &everybody {
            let reader = store.reader(who);
            for of in &stocked {
                let on = store.reader(&of.sample.as_advisor()).resource(of.household, None).await.unwrap();
                for (question, count) in found(&reader, of).await {
                    let act = if OF_HOUSEHOLD_ALONE.contains(&question) {
                        Act::SeeTransactions
                    } else {
                        Act::SeeHousehold
                    };
                    let expected = allow(who, act, &on).is_yes();
                    assert_eq!(
                        count > 0,
                        expected,
                        "{database:?} {:?} asks for {question} of {}",
                        who.role,
                        of.household
                    );
                    cells += 1;
                }
            }
        }
        assert_eq!(cells, 9 * 3 * 13);
    }
}

#[tokio::test]
async fn pages_of_transactions_are_whole_and_searched() {
    for database in testing::databases().await {
        let (store, url) = (&database.store, &*database.url);
        let sample = Sample::new(store, "Oak").await;
        let stocked = stock(store, url, sample.clone(), sample.household.id, "oak").await;
        let rows: Vec<String> = (0..120)
            .map(|n| {
                let (account, no) = (stocked.account, if url.starts_with("sqlite") { "0" } else { "FALSE" });
                let payee = ["Corner Shop", "100% Juice", "CAF\u{c9}_9"][n % 3];
                format!(
                    "('{account}', 'e{n:03}', '2026-10-{:02}', -{n}50, '{payee}', 'Memo', '', {no}, 0)",
                    n % 28 + 1
                )
            })
            .collect();
        testing::execute(
            url,
            &format!(
                "INSERT INTO entry (account_id, entry_key, posted_on, amount, payee, memo, detail, pending, first_seen_at)
                 VALUES {}",
                rows.join(", ")
            ),
        )
        .await;
        let reader = store.reader(&sample.as_client());
        let page = async |search: &'static str, number| {
            reader.entries(stocked.account, search, number).await.unwrap()
        };
        let mut seen = Vec::new();
        for number in 1..=3 {
            let page = page("", number).await;
            assert_eq!((page.number, page.pages, page.total), (number, 3, 121));
            seen.extend(page.entries.into_iter().map(|entry| (entry.posted_on, entry.key)));
        }
        assert_eq!(seen.len(), 121);
        assert!(seen.is_sorted_by(|a, b| a > b), "{database:?}: newest first, none twice");
        assert_eq!(page("", 99).await.number, 3, "beyond the last is the last");
        assert_eq!(page("corner shop", 1).await.total, 40);
        assert_eq!(page("100%", 1).await.total, 40);
        assert_eq!(page("CAF\u{c9}_", 1).await.total, 40);
        assert_eq!(page("%", 1).await.total, 40, "a wildcard means itself");
        assert_eq!(page("$7.50", 1).await.total, 1, "an amount of either sign");
        assert_eq!(page("nothing like it", 1).await.entries, []);
    }
}

#[tokio::test]
async fn what_is_ones_own_is_nobody_elses() {
    for database in testing::databases().await {
        let store = &database.store;
        let sample = Sample::new(store, "Oak").await;
        let mut tx = store.begin(&sample.by_client(), "op", now()).await.unwrap();
        tx.start_session(&sample.client, &[1; 32], "Firefox").await.unwrap();
        tx.add_token(sample.client.id, "T", "read", &[2; 32]).await.unwrap();
        tx.confirm_notice(sample.client.id, "bank", 1).await.unwrap();
        tx.commit().await.unwrap();
        let advisor = store.reader(&sample.as_advisor());
        assert_eq!(advisor.sessions(now()).await.unwrap(), []);
        assert_eq!(advisor.tokens().await.unwrap(), []);
        assert_eq!(advisor.notice_confirmed_at("bank", 1).await.unwrap(), None);
        let people: Vec<PersonId> =
            advisor.people(sample.household.id).await.unwrap().iter().map(|person| person.id).collect();
        assert_eq!(people, [sample.client.id]);
        assert_eq!(store.reader(&sample.as_client()).myself().await.unwrap(), sample.client);
        assert_eq!(advisor.advisor(&sample.household).await.unwrap(), sample.advisor);
    }
}
