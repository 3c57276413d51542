//! Sealed secrets: bytes that only `engine::vault` can open.

use domain::ConnectionId;

use crate::{
    Engine, Error, Tx,
    column::only,
    query::{Text, texts},
};

texts! {
    DATA_KEY = Text::one("SELECT id, master_key, wrapped FROM data_key WHERE connection_id = $1");
    SEALED = Text::one("SELECT purpose, bytes FROM sealed WHERE connection_id = $1 ORDER BY purpose");
    ADD_DATA_KEY = Text::one(
        "INSERT INTO data_key (id, connection_id, master_key, wrapped, created_at) VALUES ($1, $2, $3, $4, $5)"
    );
    PUT = Text::one(
        "INSERT INTO sealed (connection_id, purpose, data_key_id, bytes, updated_at) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (connection_id, purpose) DO UPDATE
         SET data_key_id = excluded.data_key_id, bytes = excluded.bytes, updated_at = excluded.updated_at"
    );
    REMOVE = Text::one("DELETE FROM sealed WHERE connection_id = $1 AND purpose = $2");
    REMOVE_ALL = Text::one("DELETE FROM sealed WHERE connection_id = $1");
    REMOVE_DATA_KEY = Text::one("DELETE FROM data_key WHERE connection_id = $1");
    CANARIES = Text::one("SELECT master_key, bytes FROM canary ORDER BY created_at, master_key");
    ADD_CANARY = Text::one(
        "INSERT INTO canary (master_key, bytes, created_at) VALUES ($1, $2, $3) ON CONFLICT (master_key) DO NOTHING"
    );
    MASTER_KEYS = Text::one("SELECT DISTINCT master_key FROM data_key ORDER BY master_key");
}

/// A connection's data key, wrapped by a master key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DataKey {
    pub id: String,
    pub master_key: String,
    pub wrapped: Vec<u8>,
}

/// A known text sealed under a master key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Canary {
    pub master_key: String,
    pub bytes: Vec<u8>,
}

/// What is sealed for a connection, by purpose.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sealed(Vec<(String, Vec<u8>)>);

impl Sealed {
    /// The bytes of one purpose.
    pub fn get(&self, purpose: &str) -> Option<&[u8]> {
        self.0.iter().find(|(of, _)| of == purpose).map(|(_, bytes)| bytes.as_slice())
    }

    /// True when nothing is sealed.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Engine {
    /// The wrapped data key of a connection; `None` once its secrets are destroyed.
    pub async fn data_key(&self, connection: ConnectionId) -> Result<Option<DataKey>, Error> {
        let key = self.ask(DATA_KEY).bind(connection);
        key.first(|row| Ok(DataKey { id: row.next()?, master_key: row.next()?, wrapped: row.next()? })).await
    }

    /// Everything sealed for a connection.
    pub async fn sealed(&self, connection: ConnectionId) -> Result<Sealed, Error> {
        let sealed = self.ask(SEALED).bind(connection);
        sealed.all(|row| Ok((row.next()?, row.next()?))).await.map(Sealed)
    }

    /// The canaries of all master keys that were ever active.
    pub async fn canaries(&self) -> Result<Vec<Canary>, Error> {
        self.ask(CANARIES).all(|row| Ok(Canary { master_key: row.next()?, bytes: row.next()? })).await
    }

    /// The master keys that data keys are wrapped by.
    pub async fn master_keys(&self) -> Result<Vec<String>, Error> {
        self.ask(MASTER_KEYS).all(only).await
    }
}

/// The audit row of each of these is that of what they belong to, written after them: a connection that was added or
/// moved, an answer that was given.
impl Tx {
    /// Keeps a connection's data key; [`Error::Taken`] when it has one.
    pub async fn add_data_key(&mut self, connection: ConnectionId, key: &DataKey) -> Result<(), Error> {
        let now = self.now();
        self.write(ADD_DATA_KEY)
            .bind(key.id.as_str())
            .bind(connection)
            .bind(key.master_key.as_str())
            .bind(key.wrapped.as_slice())
            .bind(now)
            .run_count()
            .await
            .map(drop)
    }

    /// Keeps sealed bytes in place of those of the same purpose.
    pub async fn put_sealed(
        &mut self,
        connection: ConnectionId,
        purpose: &str,
        data_key: &str,
        bytes: &[u8],
    ) -> Result<(), Error> {
        let now = self.now();
        let put = self.write(PUT).bind(connection).bind(purpose).bind(data_key).bind(bytes).bind(now);
        put.run_count().await.map(drop)
    }

    /// Destroys the sealed bytes of one purpose.
    pub async fn destroy_sealed(&mut self, connection: ConnectionId, purpose: &str) -> Result<(), Error> {
        self.write(REMOVE).bind(connection).bind(purpose).run_count().await.map(drop)
    }

    /// Destroys all secrets of a connection, with the key that could open them in an old backup.
    pub async fn destroy_secrets(&mut self, connection: ConnectionId) -> Result<(), Error> {
        self.write(REMOVE_ALL).bind(connection).run_count().await?;
        self.write(REMOVE_DATA_KEY).bind(connection).run_count().await.map(drop)
    }

    /// Keeps the canary of a master key at its first use.
    pub async fn add_canary(&mut self, canary: &Canary) -> Result<(), Error> {
        let now = self.now();
        let add = self.write(ADD_CANARY).bind(canary.master_key.as_str()).bind(canary.bytes.as_slice());
        add.bind(now).run_count().await?;
        self.audit(crate::audit::Trail::of("vault.key_used_first", "master key", &canary.master_key)).await
    }
}
