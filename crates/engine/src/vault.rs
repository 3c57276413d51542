//! The vault: the only place that opens a secret.
//!
//! Each connection has a random data key of its own, wrapped by the master key; what is sealed under it names in its
//! associated data where it belongs, so that a ciphertext moved to another row, purpose, connection or institution
//! doesn't open. Destroying the wrapped data key destroys everything sealed under it, in old backups too.
//!
//! Sealed bytes: format (1) ‖ nonce (24) ‖ ciphertext and tag (XChaCha20-Poly1305).

use std::{fmt, sync::Arc};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use chacha20poly1305::{
    KeyInit, XChaCha20Poly1305, XNonce,
    aead::{Aead, Payload},
};
use domain::{ConnectionId, FirmId, HouseholdId, challenge::Answers, login::Login, world::Entropy};
use hmac::{Hmac, Mac};
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

/// The one format there is; another cipher would be another number.
const FORMAT: u8 = 1;
const NONCE_BYTES: usize = 24;
const KEY_BYTES: usize = 32;
/// Sealed at the first start under each master key; a key that can't open it is another key.
const CANARY: &[u8] = b"the canary sings under this key";

/// What can go wrong. Never says more, so that nothing can be learned from trying.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The text is no key of 32 bytes in base64 or hexadecimal.
    #[error("a master key is 32 bytes in base64 or hexadecimal")]
    NotAKey,
    /// Something was sealed under a master key that isn't in the ring.
    #[error("the master key {id} is needed and was not given")]
    KeyMissing { id: String },
    /// The bytes are damaged, moved, or sealed under another key.
    #[error("sealed bytes don't open here")]
    Refused,
}

/// The key that wraps all data keys. Its id is a hash, fit for logs.
#[derive(Clone)]
pub struct MasterKey {
    id: String,
    bytes: Zeroizing<[u8; KEY_BYTES]>,
}

impl MasterKey {
    /// Reads a key of 32 bytes in base64 or hexadecimal; surrounding white space is ignored.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let text = text.trim();
        let decoded = if text.len() == KEY_BYTES * 2 { from_hex(text) } else { STANDARD.decode(text).ok() };
        let decoded = Zeroizing::new(decoded.ok_or(Error::NotAKey)?);
        let bytes: [u8; KEY_BYTES] = decoded.as_slice().try_into().map_err(|_| Error::NotAKey)?;
        Ok(Self::new(Zeroizing::new(bytes)))
    }

    /// A new random key.
    pub fn generate(entropy: &dyn Entropy) -> Self {
        let mut bytes = Zeroizing::new([0; KEY_BYTES]);
        entropy.fill(bytes.as_mut());
        Self::new(bytes)
    }

    fn new(bytes: Zeroizing<[u8; KEY_BYTES]>) -> Self {
        let digest =
            Sha256::new().chain_update(b"heldaway master key id").chain_update(bytes.as_ref()).finalize();
        Self { id: to_hex(&digest[..8]), bytes }
    }

    /// The key as text, to be written to its file at the first start and nowhere else.
    pub fn to_text(&self) -> Zeroizing<String> {
        Zeroizing::new(STANDARD.encode(self.bytes.as_ref()))
    }

    /// A short hash that names the key.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// A key for one use, so that no key serves two algorithms.
    fn derive(&self, purpose: &[u8], context: &[u8]) -> Zeroizing<[u8; KEY_BYTES]> {
        let mac = keyed(self.bytes.as_ref()).chain_update(purpose).chain_update([0]).chain_update(context);
        Zeroizing::new(mac.finalize().into_bytes().into())
    }
}

impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MasterKey({})", self.id)
    }
}

/// Where sealed bytes belong. Bound into each ciphertext.
#[derive(Debug, Clone, Copy)]
pub struct Place<'a> {
    pub firm: FirmId,
    pub household: HouseholdId,
    pub connection: ConnectionId,
    /// The offering: a login can't be sent to another institution by changing the row.
    pub offering: &'a str,
}

/// What is sealed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    Login,
    Answers,
    Memo,
}

impl Purpose {
    /// All.
    pub const ALL: [Self; 3] = [Self::Login, Self::Answers, Self::Memo];

    /// The stable code.
    pub fn code(self) -> &'static str {
        match self {
            Self::Login => "login",
            Self::Answers => "answers",
            Self::Memo => "memo",
        }
    }
}

/// A data key as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wrapped {
    pub id: String,
    /// The master key that wraps it.
    pub master_key: String,
    pub bytes: Vec<u8>,
}

/// The ring of master keys: one seals, the older ones still open.
#[derive(Debug, Clone)]
pub struct Vault {
    ring: Arc<[MasterKey]>,
}

impl Vault {
    /// A vault that seals under `active` and also opens what the `older` keys sealed.
    pub fn new(active: MasterKey, older: impl IntoIterator<Item = MasterKey>) -> Self {
        Self { ring: std::iter::once(active).chain(older).collect() }
    }

    /// The id of the key that seals.
    pub fn active(&self) -> &str {
        self.ring[0].id()
    }

    /// The ids of all keys that open.
    pub fn ids(&self) -> impl Iterator<Item = &str> {
        self.ring.iter().map(MasterKey::id)
    }

    fn key(&self, id: &str) -> Result<&MasterKey, Error> {
        self.ring.iter().find(|key| key.id == id).ok_or_else(|| Error::KeyMissing { id: id.to_owned() })
    }

    /// Makes a connection's data key.
    pub fn new_key(&self, place: Place<'_>, entropy: &dyn Entropy) -> (Wrapped, DataKey) {
        let mut id = [0; 16];
        entropy.fill(&mut id);
        let id = to_hex(&id);
        let mut key = Zeroizing::new([0; KEY_BYTES]);
        entropy.fill(key.as_mut());
        let master = &self.ring[0];
        let bytes =
            seal(&master.derive(b"wrap", b""), &associated("data key", place, &id), key.as_ref(), entropy);
        (Wrapped { id: id.clone(), master_key: master.id.clone(), bytes }, DataKey::new(id, key, place))
    }

    /// Opens a connection's data key.
    pub fn open_key(&self, place: Place<'_>, wrapped: &Wrapped) -> Result<DataKey, Error> {
        let master = self.key(&wrapped.master_key)?;
        let aad = associated("data key", place, &wrapped.id);
        let opened = open(&master.derive(b"wrap", b""), &aad, &wrapped.bytes)?;
        let key: [u8; KEY_BYTES] = opened.as_slice().try_into().map_err(|_| Error::Refused)?;
        Ok(DataKey::new(wrapped.id.clone(), Zeroizing::new(key), place))
    }

    /// The canary under the active key, for the store.
    pub fn canary(&self, entropy: &dyn Entropy) -> Vec<u8> {
        seal(&self.ring[0].derive(b"canary", b""), b"canary", CANARY, entropy)
    }

    /// Whether the stored canary of the key named `id` opens.
    pub fn check_canary(&self, id: &str, sealed: &[u8]) -> Result<(), Error> {
        let opened = open(&self.key(id)?.derive(b"canary", b""), b"canary", sealed)?;
        if opened.as_slice() == CANARY { Ok(()) } else { Err(Error::Refused) }
    }

    /// Keyed hashes of an account number under each key of the ring, the active one first.
    ///
    /// Numbers have few digits: without the key a stolen hash could be guessed back in minutes.
    pub fn number_hashes(&self, firm: FirmId, number: &SecretString) -> Vec<Vec<u8>> {
        let letters = number.expose_secret().chars().filter(char::is_ascii_alphanumeric);
        let plain: Zeroizing<String> = Zeroizing::new(letters.map(|c| c.to_ascii_uppercase()).collect());
        self.ring
            .iter()
            .map(|master| {
                let key = master.derive(b"account number", firm.as_bytes());
                keyed(key.as_ref()).chain_update(plain.as_bytes()).finalize().into_bytes().to_vec()
            })
            .collect()
    }
}

/// One connection's key, open. Lives as long as one step.
pub struct DataKey {
    id: String,
    key: Zeroizing<[u8; KEY_BYTES]>,
    aad: Vec<(Purpose, Vec<u8>)>,
}

impl fmt::Debug for DataKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DataKey({})", self.id)
    }
}

impl DataKey {
    fn new(id: String, key: Zeroizing<[u8; KEY_BYTES]>, place: Place<'_>) -> Self {
        let aad = Purpose::ALL.map(|purpose| (purpose, associated(purpose.code(), place, &id))).to_vec();
        Self { id, key, aad }
    }

    /// The id under which it is stored.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Seals bytes for one purpose.
    pub fn seal(&self, purpose: Purpose, plain: &[u8], entropy: &dyn Entropy) -> Vec<u8> {
        seal(&self.key, self.aad(purpose), plain, entropy)
    }

    /// Opens what was sealed for this purpose, here.
    pub fn open(&self, purpose: Purpose, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, Error> {
        open(&self.key, self.aad(purpose), sealed)
    }

    fn aad(&self, purpose: Purpose) -> &[u8] {
        self.aad.iter().find(|(of, _)| *of == purpose).map_or(&[], |(_, aad)| aad)
    }

    /// Seals a filled-in form.
    pub fn seal_login(&self, login: &Login, entropy: &dyn Entropy) -> Vec<u8> {
        self.seal(Purpose::Login, &pack(login.fields()), entropy)
    }

    /// Opens a filled-in form.
    pub fn open_login(&self, sealed: &[u8]) -> Result<Login, Error> {
        Ok(Login::from_fields(unpack(&self.open(Purpose::Login, sealed)?)?))
    }

    /// Seals a person's answers until the step that uses them.
    pub fn seal_answers(&self, answers: &Answers, entropy: &dyn Entropy) -> Vec<u8> {
        let fields = answers.0.iter().map(|(id, answer)| (id.as_str(), answer));
        self.seal(Purpose::Answers, &pack(fields), entropy)
    }

    /// Opens a person's answers.
    pub fn open_answers(&self, sealed: &[u8]) -> Result<Answers, Error> {
        Ok(Answers(unpack(&self.open(Purpose::Answers, sealed)?)?))
    }
}

fn keyed(key: &[u8]) -> Hmac<Sha256> {
    Hmac::new_from_slice(key).expect("HMAC takes keys of any length")
}

/// Format ‖ purpose ‖ firm ‖ household ‖ connection ‖ data key ‖ offering, each with its length before it, so that no
/// two places read alike.
fn associated(purpose: &str, place: Place<'_>, data_key: &str) -> Vec<u8> {
    let parts: [&[u8]; 7] = [
        &[FORMAT],
        purpose.as_bytes(),
        place.firm.as_bytes(),
        place.household.as_bytes(),
        place.connection.as_bytes(),
        data_key.as_bytes(),
        place.offering.as_bytes(),
    ];
    let mut aad = Vec::with_capacity(160);
    for part in parts {
        aad.extend_from_slice(&(part.len() as u64).to_be_bytes());
        aad.extend_from_slice(part);
    }
    aad
}

fn seal(key: &Zeroizing<[u8; KEY_BYTES]>, aad: &[u8], plain: &[u8], entropy: &dyn Entropy) -> Vec<u8> {
    // 192 random bits: no counter has to be kept over nodes and restarts, and 2^32 of them don't meet.
    let mut nonce = [0; NONCE_BYTES];
    entropy.fill(&mut nonce);
    let cipher = XChaCha20Poly1305::new((&**key).into());
    let sealed = cipher
        .encrypt(&XNonce::from(nonce), Payload { msg: plain, aad })
        .expect("only texts beyond 256 GiB can't be sealed");
    [&[FORMAT], nonce.as_slice(), &sealed].concat()
}

fn open(key: &Zeroizing<[u8; KEY_BYTES]>, aad: &[u8], sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, Error> {
    let (&format, rest) = sealed.split_first().ok_or(Error::Refused)?;
    let (nonce, text) = rest.split_at_checked(NONCE_BYTES).ok_or(Error::Refused)?;
    if format != FORMAT {
        return Err(Error::Refused);
    }
    let nonce: [u8; NONCE_BYTES] = nonce.try_into().map_err(|_| Error::Refused)?;
    let cipher = XChaCha20Poly1305::new((&**key).into());
    let opened = cipher.decrypt(&XNonce::from(nonce), Payload { msg: text, aad });
    opened.map(Zeroizing::new).map_err(|_| Error::Refused)
}

/// Names and secrets, each with its length (4 bytes, big-endian) before it. The buffer is of the right size from the
/// start: one that grows leaves its contents behind where it was.
fn pack<'a>(fields: impl Iterator<Item = (&'a str, &'a SecretString)>) -> Zeroizing<Vec<u8>> {
    let fields: Vec<_> = fields.collect();
    let size = fields.iter().map(|(name, value)| 8 + name.len() + value.expose_secret().len()).sum();
    let mut packed = Zeroizing::new(Vec::with_capacity(size));
    for (name, value) in fields {
        for part in [name.as_bytes(), value.expose_secret().as_bytes()] {
            packed.extend_from_slice(&(part.len() as u32).to_be_bytes());
            packed.extend_from_slice(part);
        }
    }
    packed
}

fn unpack(mut packed: &[u8]) -> Result<Vec<(String, SecretString)>, Error> {
    let mut fields = Vec::new();
    while !packed.is_empty() {
        let name = take(&mut packed)?.to_owned();
        fields.push((name, SecretString::from(take(&mut packed)?)));
    }
    Ok(fields)
}

fn take<'a>(packed: &mut &'a [u8]) -> Result<&'a str, Error> {
    let (length, rest) = packed.split_first_chunk::<4>().ok_or(Error::Refused)?;
    let (part, rest) = rest.split_at_checked(u32::from_be_bytes(*length) as usize).ok_or(Error::Refused)?;
    *packed = rest;
    std::str::from_utf8(part).map_err(|_| Error::Refused)
}

fn to_hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        for nibble in [byte >> 4, byte & 15] {
            text.push(char::from_digit(u32::from(nibble), 16).unwrap_or('0'));
        }
        text
    })
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u8>> = text.chars().map(|c| c.to_digit(16).map(|digit| digit as u8)).collect();
    Some(digits?.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect())
}

#[cfg(test)]
mod tests;
