//! Confirmations of institutions' notices: who confirmed which version, and when.

use domain::{PersonId, Timestamp};

use crate::{
    Error, Reader, Tx,
    audit::Trail,
    column::only,
    query::{Text, texts},
};

texts! {
    CONFIRMED_AT = Text::one(
        "SELECT confirmed_at FROM notice_confirmation WHERE person_id = $1 AND offering = $2 AND notice_version = $3"
    );
    CONFIRM = Text::one(
        "INSERT INTO notice_confirmation (person_id, offering, notice_version, confirmed_at) VALUES ($1, $2, $3, $4)
         ON CONFLICT (person_id, offering, notice_version) DO NOTHING"
    );
}

impl Reader {
    /// When who asks confirmed this version of an offering's notice, if ever.
    pub async fn notice_confirmed_at(
        &self,
        offering: &str,
        version: u32,
    ) -> Result<Option<Timestamp>, Error> {
        self.ask_own(CONFIRMED_AT).bind(self.subject().person).bind(offering).bind(version).first(only).await
    }
}

impl Tx {
    /// `person` confirmed this version of an offering's notice. The first confirmation stands.
    pub async fn confirm_notice(
        &mut self,
        person: PersonId,
        offering: &str,
        version: u32,
    ) -> Result<(), Error> {
        let now = self.now();
        self.write(CONFIRM).bind(person).bind(offering).bind(version).bind(now).run_count().await?;
        self.audit(Trail::of("notice.confirmed", "offering", offering).detail(format!("version {version}")))
            .await
    }
}
