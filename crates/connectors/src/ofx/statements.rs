//! The list of accounts and their statements: which requests there are, and what to do when one is refused.

use domain::{Reason, attempt::Stage, harvest::Harvest};

use super::{
    harvest::{Collector, can_be_asked},
    memo::{Batch, KnownAccount, Next, Received, Run},
    read::{self, Family, Reply},
    session::{NoReply, Session, failed, read_whole},
    write::Ask,
};
use crate::{Failure, Step};

impl Session<'_> {
    /// Signs on and asks for the list of accounts, and in the same request for the statements of those that are known.
    pub(super) async fn accounts(&mut self, run: &mut Run) -> Step {
        let url = self.url_of("SIGNUPMSGSET");
        let before = self.memory.accounts.clone();
        let together = self.together(run, &url);
        let known: Vec<_> =
            together.accounts.iter().filter_map(|index| before.get(*index)).cloned().collect();
        let ask = Ask::Accounts { known: known.iter().collect(), since: self.turn.since };
        let request = self.request(run, &ask, false);
        let asked = asked_ids(request.transaction_ids.get(1..).unwrap_or_default(), &together, &known);
        let answer = self.post(&url, run, request).await;
        let outcome =
            answer.as_ref().map_err(|error| NoReply::Net(*error)).and_then(|answer| read_whole(&answer.body));
        let document = match outcome {
            Ok(document) => document,
            Err(missing) if !known.is_empty() && missing.may_be_one_account() => {
                run.apart = true;
                return Step::Again(Stage::SigningIn);
            }
            Err(missing) => return Step::Failed(missing.failure("accounts")),
        };
        let reply = Reply::of(&document);
        if let Some(step) = self.signed_on(run, &reply, Next::Accounts) {
            return step;
        }
        if let Some(step) = self.learn_accounts(run, &reply) {
            return step;
        }
        // The list may have another order now, and other accounts.
        let moved = |(id, index): (String, usize)| {
            let account = before.get(index)?;
            Some((id, self.memory.accounts.iter().position(|known| known.is(account))?))
        };
        let asked: Vec<_> = asked.into_iter().filter_map(moved).collect();
        run.batches = self.batches(&asked);
        if run.batches.is_empty() {
            return self.finish(run, Some((&reply, &asked)));
        }
        if !asked.is_empty() {
            let text =
                answer.map(|answer| String::from_utf8_lossy(&answer.body).into_owned()).unwrap_or_default();
            run.received.push(Received { text, asked });
        }
        let as_user = self.memory.profile.as_ref().is_some_and(|profile| profile.as_user);
        let again = self.parameters.profile_as_user && !as_user && run.rounds == 0;
        run.next = if again { Next::ProfileAsUser } else { Next::Statements };
        Step::Again(Stage::ReadingValues)
    }

    /// Takes the list of accounts of a reply; `None` means: there are some, go on.
    fn learn_accounts(&mut self, run: &mut Run, reply: &Reply<'_>) -> Option<Step> {
        let Some((status, listed)) = &reply.accounts else {
            return Some(failed(Reason::BadResponse, "accounts: signed on, but no list of accounts"));
        };
        match listed {
            Some(listed) => {
                let mut accounts: Vec<KnownAccount> = Vec::with_capacity(listed.len());
                for account in listed.iter().map(KnownAccount::of) {
                    if !accounts.iter().any(|known| known.is(&account)) {
                        accounts.push(account);
                    }
                }
                self.memory.accounts = accounts;
            }
            // "Nothing newer": the last list still holds.
            None if status.code == 1 && !self.memory.accounts.is_empty() => {}
            None => {
                return Some(failed(Reason::BadResponse, format!("accounts: ACCTINFOTRNRS {}", status.code)));
            }
        }
        run.listed = true;
        let none = self.memory.accounts.is_empty();
        let attended_only = self.asks_each_time(run);
        none.then(|| Step::Done(Harvest { accounts: Vec::new(), complete: true, attended_only }))
    }

    fn asks_each_time(&self, run: &Run) -> bool {
        let profile = self.memory.profile.as_ref();
        run.asks_each_time(profile.is_some_and(|profile| profile.token_first || profile.challenge_first))
    }

    /// The known accounts whose statements may be asked for together with the list: those served at the same address.
    /// That spares a sign-on, and a second code at institutions that want one each time.
    fn together(&self, run: &Run, url: &url::Url) -> Batch {
        let none = Batch { url: url.to_string(), accounts: Vec::new() };
        if run.apart || self.parameters.one_account_per_request {
            return none;
        }
        self.batches(&[]).into_iter().find(|batch| batch.url == url.as_str()).unwrap_or(none)
    }

    /// The requests for statements that are not asked for yet: one per address, since a file goes to one
    /// (OFX 2.3 §7.1.3).
    fn batches(&self, asked: &[(String, usize)]) -> Vec<Batch> {
        let mut batches: Vec<Batch> = Vec::new();
        for (index, account) in self.memory.accounts.iter().enumerate() {
            let is_asked = asked.iter().any(|(_, known)| *known == index);
            if is_asked || !can_be_asked(account, &self.parameters) {
                continue;
            }
            let url = self.url_of(message_set(account)).to_string();
            match batches.iter_mut().find(|batch| batch.url == url) {
                Some(batch) if !self.parameters.one_account_per_request => batch.accounts.push(index),
                _ => batches.push(Batch { url, accounts: vec![index] }),
            }
        }
        batches
    }

    /// Asks for the statements of the next batch.
    pub(super) async fn statements(&mut self, run: &mut Run) -> Step {
        let Some(batch) = run.batches.first().cloned() else { return self.finish(run, None) };
        let url = batch.url.parse().unwrap_or_else(|_| self.parameters.url.clone());
        let accounts: Vec<_> =
            batch.accounts.iter().filter_map(|index| self.memory.accounts.get(*index)).cloned().collect();
        let ask = Ask::Statements { accounts: accounts.iter().collect(), since: self.turn.since };
        let request = self.request(run, &ask, false);
        let asked = asked_ids(&request.transaction_ids, &batch, &accounts);
        let answer = self.post(&url, run, request).await;
        let outcome =
            answer.as_ref().map_err(|error| NoReply::Net(*error)).and_then(|answer| read_whole(&answer.body));
        let document = match outcome {
            Ok(document) => document,
            Err(missing) => return self.batch_failed(run, &batch, &missing),
        };
        let reply = Reply::of(&document);
        if let Some(step) = self.signed_on(run, &reply, Next::Statements) {
            return match step {
                Step::Failed(failure) if !run.received.is_empty() => self.give_up(run, failure.reason),
                other => other,
            };
        }
        run.batches.remove(0);
        if run.batches.is_empty() {
            return self.finish(run, Some((&reply, &asked)));
        }
        let text =
            answer.map(|answer| String::from_utf8_lossy(&answer.body).into_owned()).unwrap_or_default();
        run.received.push(Received { text, asked });
        Step::Again(Stage::ReadingValues)
    }

    /// One account must not lose the others: those of a refused request are asked for one by one.
    fn batch_failed(&self, run: &mut Run, batch: &Batch, missing: &NoReply) -> Step {
        run.batches.remove(0);
        tracing::debug!(
            detail = missing.failure("statements").detail,
            accounts = batch.accounts.len(),
            "no statements"
        );
        if batch.accounts.len() > 1 && missing.may_be_one_account() {
            let single = |index: &usize| Batch { url: batch.url.clone(), accounts: vec![*index] };
            run.batches.splice(0..0, batch.accounts.iter().map(single));
        } else {
            let code = missing.reason().code().to_owned();
            run.failed.extend(batch.accounts.iter().map(|index| (*index, code.clone())));
        }
        if !run.batches.is_empty() {
            return Step::Again(Stage::ReadingValues);
        }
        match self.finish(run, None) {
            Step::Failed(failure) => Step::Failed(Failure { later: missing.later(), ..failure }),
            step => step,
        }
    }

    /// Ends with what is there; the accounts that were not asked for yet have this reason.
    fn give_up(&self, run: &mut Run, reason: Reason) -> Step {
        for batch in std::mem::take(&mut run.batches) {
            run.failed.extend(batch.accounts.iter().map(|index| (*index, reason.code().to_owned())));
        }
        self.finish(run, None)
    }

    fn finish(&self, run: &Run, last: Option<(&Reply<'_>, &[(String, usize)])>) -> Step {
        let mut collector =
            Collector::new(&self.parameters, &self.memory.accounts, self.turn.since, self.turn.now);
        for received in &run.received {
            if let Ok(document) = read::read(received.text.as_bytes()) {
                collector.add(&Reply::of(&document), &received.asked);
            }
        }
        if let Some((reply, asked)) = last {
            collector.add(reply, asked);
        }
        for (index, code) in &run.failed {
            collector.miss(*index, Reason::from_code(code).unwrap_or(Reason::BadResponse));
        }
        for (index, account) in self.memory.accounts.iter().enumerate() {
            if !can_be_asked(account, &self.parameters) {
                collector.miss(index, Reason::Partial);
            }
        }
        match collector.failure() {
            Some(reason) => failed(reason, "statements: no account's statement came"),
            None => Step::Done(collector.finish(run.listed, self.asks_each_time(run))),
        }
    }
}

/// Which message set serves an account.
fn message_set(account: &KnownAccount) -> &'static str {
    match account.family {
        Family::Bank => "BANKMSGSET",
        Family::Card => "CREDITCARDMSGSET",
        Family::Loan => "LOANMSGSET",
        Family::Investment => "INVSTMTMSGSET",
    }
}

/// TRNUID and account of each transaction: the writer sorts accounts by message set, so the order differs.
fn asked_ids(transaction_ids: &[String], batch: &Batch, accounts: &[KnownAccount]) -> Vec<(String, usize)> {
    let order = |family: Family| match family {
        Family::Bank => 0,
        Family::Card => 1,
        Family::Loan => 2,
        Family::Investment => 3,
    };
    let mut indices: Vec<_> =
        batch.accounts.iter().copied().zip(accounts.iter().map(|account| order(account.family))).collect();
    indices.sort_by_key(|(_, order)| *order);
    transaction_ids.iter().cloned().zip(indices.into_iter().map(|(index, _)| index)).collect()
}
