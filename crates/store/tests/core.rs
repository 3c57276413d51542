//! The ground of the store: transactions, audit, reach, migrations, on both databases.

use domain::{audit::Doer, person::Role};
use store::{
    Error,
    person::NewPerson,
    testing::{self, now},
};

fn advisor(firm: domain::FirmId, email: &str) -> NewPerson<'_> {
    NewPerson {
        firm,
        role: Role::Advisor,
        household: None,
        name: "Ada Advisor",
        email,
        password_hash: "$none$",
    }
}

#[tokio::test]
async fn a_transaction_is_there_after_its_commit_and_not_without() {
    for database in testing::databases().await {
        let store = &database.store;
        let mut tx = store.begin(&Doer::Operator, "op", now()).await.unwrap();
        let firm = tx.add_firm("Oak Harbor", "America/New_York").await.unwrap();
        drop(tx);
        assert!(matches!(store.visitor().firm(firm.id).await, Err(Error::NotFound)), "{database:?}");

        let mut tx = store.begin(&Doer::Operator, "op", now()).await.unwrap();
        let firm = tx.add_firm("Oak Harbor", "America/New_York").await.unwrap();
        let person = tx.add_person(advisor(firm.id, "ada@example.com")).await.unwrap();
        tx.add_household(firm.id, "Kim", person.id).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(store.visitor().firm(firm.id).await.unwrap(), firm, "{database:?}");
        assert_eq!(store.visitor().login("ada@example.com").await.unwrap().unwrap().person, person);

        let mut tx = store.begin(&Doer::Operator, "op", now()).await.unwrap();
        let taken = tx.add_person(advisor(firm.id, "ada@example.com")).await;
        assert!(matches!(taken, Err(Error::Taken { ref key }) if key.contains("email")), "{taken:?}");
        assert!(matches!(tx.commit().await, Err(Error::Failed)), "{database:?}");
    }
}

#[tokio::test]
async fn every_text_is_understood_by_both_databases() {
    for database in testing::databases().await {
        assert_eq!(testing::complaints(&database.url).await, Vec::<String>::new(), "{database:?}");
    }
}
