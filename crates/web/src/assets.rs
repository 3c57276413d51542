//! Style sheet, script, font and icons: embedded, under a path that names their content, cached for ever.
//!
//! One hash covers the whole bundle, so that the style sheet can name the font beside it by a relative address.

use std::sync::LazyLock;

use axum::response::{IntoResponse, Response};
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use sha2::{Digest, Sha256};

use crate::{
    fail::Fail,
    route::{Path, Routes},
};

/// A year, and never asked for again (RFC 8246).
const FOR_EVER: &str = "public, max-age=31536000, immutable";

struct Asset {
    name: &'static str,
    content_type: &'static str,
    bytes: &'static [u8],
}

macro_rules! assets {
    ($($name:literal $content_type:literal),+ $(,)?) => {
        &[$(Asset {
            name: $name,
            content_type: $content_type,
            bytes: include_bytes!(concat!("../assets/", $name)),
        }),+]
    };
}

/// Everything that is served; a file that is not listed here does not exist.
static ASSETS: &[Asset] = assets! {
    "app.css" "text/css; charset=utf-8",
    "app.js" "text/javascript; charset=utf-8",
    "favicon.svg" "image/svg+xml",
    "inter.woff2" "font/woff2",
    "search.js" "text/javascript; charset=utf-8",
    "vendor/htmx.min.js" "text/javascript; charset=utf-8",
    "vendor/sse.min.js" "text/javascript; charset=utf-8",
};

static HASH: LazyLock<String> = LazyLock::new(|| {
    let mut hash = Sha256::new();
    for asset in ASSETS {
        hash.update(asset.name);
        hash.update(asset.bytes);
    }
    hash.finalize().iter().take(6).fold(String::new(), |text, byte| format!("{text}{byte:02x}"))
});

/// The address of an asset, such as `/assets/3f09c1aa52be/app.css`; used as `{{ page.asset("app.css") }}`.
pub(crate) fn url(name: &str) -> String {
    debug_assert!(ASSETS.iter().any(|asset| asset.name == name), "{name} is not listed");
    format!("/assets/{}/{name}", *HASH)
}

pub(crate) fn routes(routes: Routes) -> Routes {
    routes.get("/assets/{hash}/{*name}", serve)
}

/// Any hash but the present one is gone: an old page must not be given new styles under an address cached for ever.
async fn serve(Path((hash, name)): Path<(String, String)>) -> Result<Response, Fail> {
    let asset = ASSETS.iter().find(|asset| asset.name == name && hash == *HASH).ok_or(Fail::Missing)?;
    Ok(([(CONTENT_TYPE, asset.content_type), (CACHE_CONTROL, FOR_EVER)], asset.bytes).into_response())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_in_the_address() {
        for asset in ASSETS {
            assert_eq!(ASSETS.iter().filter(|other| other.name == asset.name).count(), 1);
            assert!(!asset.bytes.is_empty(), "{}", asset.name);
            assert_eq!(url(asset.name), format!("/assets/{}/{}", *HASH, asset.name));
        }
        assert_eq!(HASH.len(), 12);
    }
}
