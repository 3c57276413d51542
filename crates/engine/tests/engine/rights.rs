//! Every method that a person can cause, as every role: refused where `domain::rights` refuses, whatever the web does.

use domain::{
    person::Role,
    rights::{Act, Resource, Verdict, allow},
};
use engine::{Choice, Decision, Error, NewConnection};
use store::testing::{self, Sample};

use crate::{
    scripted::{ask, checking, done},
    stage::{Stage, answers, login},
};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Method {
    Connect,
    UpdateLogin,
    Refresh,
    FindNew,
    StartAgain,
    Disconnect,
    Answer,
    Review,
    Suggestions,
    Progress,
}

const METHODS: [(Method, Act); 10] = [
    (Method::Connect, Act::AddConnection),
    (Method::UpdateLogin, Act::UseLogin),
    (Method::Refresh, Act::Refresh),
    (Method::FindNew, Act::FindNew),
    (Method::StartAgain, Act::UseLogin),
    (Method::Disconnect, Act::Disconnect),
    (Method::Answer, Act::UseLogin),
    (Method::Review, Act::ReviewAccounts),
    (Method::Suggestions, Act::ReviewAccounts),
    (Method::Progress, Act::SeeHousehold),
];

#[tokio::test]
async fn every_method_as_every_role() {
    for stage in Stage::all().await {
        let now = stage.engine.now();
        let day = now.to_zoned_datetime(jiff::tz::TimeZone::UTC).date();
        stage.bank.will([ask(domain::challenge::QuestionKind::Code, None, false)]);
        let id = stage.connect("right").await;
        stage.tick().await;
        let challenge = stage.progress(id).await.challenge.unwrap();
        stage.engine.answer(&stage.client(), "op", challenge.id, answers("1")).await.unwrap();
        stage.bank.will([done(vec![checking(1, day)])]);
        stage.tick().await;
        let found = stage.progress(id).await.found[0].id;

        let mut people = vec![stage.sample.client.clone(), stage.sample.advisor.clone()];
        for role in Role::ALL {
            people.push(stage.sample.add(&stage.database.store, role, &format!("Elm{}", role.code())).await);
        }
        let strangers = Sample::new(&stage.database.store, "Birch").await;
        people.extend([strangers.client.clone(), strangers.advisor.clone()]);

        let mut cells = 0;
        for person in &people {
            let subject = testing::subject(person);
            let on = Resource {
                firm: stage.sample.firm.id,
                household: stage.sample.household.id,
                advisor: stage.sample.advisor.id,
                login_owner: Some(stage.sample.client.id),
                advisor_may_find_new: false,
            };
            for (method, act) in METHODS {
                let own = person.id == stage.sample.client.id;
                let skipped = match method {
                    // A client connects for the own household, so this says nothing about this one.
                    Method::Connect => subject.household.is_some(),
                    // What would end the connection that the others are tried at.
                    Method::UpdateLogin | Method::Disconnect => own,
                    _ => false,
                };
                if skipped {
                    continue;
                }
                let engine = &stage.engine;
                let outcome = match method {
                    Method::Connect => {
                        let (offering, form_key) = ("maple".to_owned(), "f".to_owned());
                        engine
                            .connect(&subject, "op", NewConnection { offering, login: login("x"), form_key })
                            .await
                            .map(drop)
                    }
                    Method::UpdateLogin => engine.update_login(&subject, "op", id, login("x"), true).await,
                    Method::Refresh => engine.refresh(&subject, "op", id).await,
                    Method::FindNew => engine.find_new(&subject, "op", id).await,
                    Method::StartAgain => engine.start_again(&subject, "op", id).await,
                    Method::Disconnect => engine.disconnect(&subject, "op", id).await,
                    Method::Answer => engine.answer(&subject, "op", challenge.id, answers("2")).await,
                    Method::Review => {
                        // Nothing is decided, so that each may try.
                        engine.review(&subject, "op", id, vec![]).await
                    }
                    Method::Suggestions => engine.suggestions(&subject, id).await.map(drop),
                    Method::Progress => engine.progress(&subject, id).await.map(drop),
                };
                // Nobody of the firm has a household to connect for, so none is even looked for.
                let by_right = allow(&subject, act, &on);
                let verdict = if method == Method::Connect { Verdict::Forbidden } else { by_right };
                let agrees = match verdict {
                    Verdict::Yes => !matches!(outcome, Err(Error::Forbidden | Error::NotFound)),
                    Verdict::Forbidden => matches!(outcome, Err(Error::Forbidden)),
                    Verdict::Invisible => matches!(outcome, Err(Error::NotFound)),
                };
                assert!(agrees, "{:?} {method:?}: {verdict:?}, but {outcome:?}", person.role);
                cells += 1;
            }
        }
        assert!(cells > 90, "{cells}");
        // Nobody's attempt changed what the client has.
        assert_eq!(stage.count("connection").await, 1);
        assert_eq!(stage.count("sealed WHERE purpose = 'login'").await, 1);
        let stolen = Decision { account: found, choice: Choice::LeaveOut };
        let advisor = stage.engine.review(&stage.sample.as_advisor(), "op", id, vec![stolen]).await;
        assert!(matches!(advisor, Err(Error::Forbidden)));
    }
}

/// What an advisor sees of a connection: its state, never its question or the accounts to decide about.
#[tokio::test]
async fn an_advisor_sees_progress_without_the_question() {
    for stage in Stage::all().await {
        stage.bank.will([ask(domain::challenge::QuestionKind::Text, None, false)]);
        let id = stage.connect("right").await;
        stage.tick().await;
        let seen = stage.engine.progress(&stage.sample.as_advisor(), id).await.unwrap();
        assert!(seen.challenge.is_none() && seen.found.is_empty());
        assert_eq!(seen.connection.reason, domain::Reason::QuestionAsked);
        assert!(stage.progress(id).await.challenge.is_some());
    }
}
