//! What the compiler doesn't check: the floors of the crates, who owns what, and how sources look.
//!
//! Reads manifests, sources and templates as text. Each rule says in its message what to do instead.

use std::{
    collections::BTreeSet,
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
};

/// Which crates of ours a crate may use (ARCHITECTURE.md). The sandbox uses none, so that both ends of a protocol can't
/// share one mistake.
const FLOORS: [(&str, &[&str]); 8] = [
    ("domain", &[]),
    ("store", &["domain"]),
    ("connectors", &["domain"]),
    ("directory", &["domain"]),
    ("engine", &["domain", "store", "connectors", "directory"]),
    ("web", &["domain", "store", "directory", "engine"]),
    ("heldaway", &["domain", "store", "connectors", "directory", "engine", "web"]),
    ("sandbox", &[]),
];

/// For tests: the sandbox is the institutions, and `store` has a module that makes databases.
const FLOORS_FOR_TESTS: [(&str, &[&str]); 5] = [
    ("store", &["store"]),
    ("connectors", &["sandbox"]),
    ("engine", &["sandbox", "store"]),
    ("web", &["sandbox", "store"]),
    ("heldaway", &["sandbox", "store"]),
];

/// Libraries that one crate owns.
const OWNED_LIBRARIES: [(&str, &str); 6] = [
    ("sqlx", "store"),
    ("reqwest", "connectors"),
    ("chacha20poly1305", "engine"),
    ("askama", "web"),
    ("argon2", "web"),
    ("prometheus-client", "heldaway"),
];

/// Words that only some files of the product may use: word, the places, why.
const OWNED_WORDS: [(&str, &[&str], &str); 10] = [
    ("sqlx::", &["store/src/"], "ask the store"),
    ("reqwest::", &["connectors/src/net/"], "connectors::net is the only way out"),
    ("XChaCha20Poly1305", &["engine/src/vault"], "only the vault seals and opens"),
    (".open_login(", &["engine/src/"], "only the engine has secrets opened, for one step"),
    (".open_answers(", &["engine/src/"], "only the engine has secrets opened, for one step"),
    (".open_key(", &["engine/src/"], "only the engine has secrets opened, for one step"),
    ("unsafe {", &["heldaway/src/allocator.rs"], "there is a safe way"),
    (
        "std::env::var",
        &["heldaway/src/", "store/src/testing.rs"],
        "settings are read once, by heldaway::config",
    ),
    ("std::process::exit", &["heldaway/src/stop.rs", "heldaway/src/main.rs"], "return an error"),
    (
        "spawn(",
        &["heldaway/src/", "engine/src/", "store/src/", "web/src/client/", "web/src/auth/password.rs"],
        "nothing runs beside a request except where somebody waits for it at the end",
    ),
];

/// Owners of the clock and of randomness: the only files that may be excused from clippy.toml's bans.
const EXCUSED_FROM_BANS: [&str; 2] = ["heldaway/src/system.rs", "connectors/src/net/mod.rs"];

const FORBIDDEN: [&str; 8] =
    ["todo!(", "unimplemented!(", "dbg!(", "// TODO", "TODO:", "FIXME", "#[ignore", "#![allow("];

const FILE_LINES_MAX: usize = 600;
/// More packages are more to trust and to build: raise it knowingly, with the reason in the commit.
const PACKAGES_MAX: usize = 361;

/// What templates may put in as it is: pictures that our own code draws.
const OWN_MARKUP: [&str; 3] = ["{{ chart|safe }}", "{{ allocation|safe }}", "{{ owned|safe }}"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().expect("the tree is there")
}

/// All files below a folder of the tree with one of these endings, as path from `crates/` on, and text.
fn files(below: &str, endings: &[&str]) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut folders = vec![root().join(below)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display())) {
            let path = entry.expect("an entry").path();
            let name = path.to_string_lossy().into_owned();
            if path.is_dir() {
                folders.push(path);
            } else if endings.iter().any(|ending| name.ends_with(ending)) {
                let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{name}: {error}"));
                let short = name.rsplit_once("/crates/").map_or(name.clone(), |(_, short)| short.to_owned());
                found.push((short, text));
            }
        }
    }
    assert!(!found.is_empty(), "nothing found below {below}: the test looks in the wrong place");
    found.sort();
    found
}

/// Files of tests: in a `tests` folder, named so, or declared under `#[cfg(test)]`.
fn test_files(all: &[(String, String)]) -> BTreeSet<String> {
    let by_name = all.iter().map(|(path, _)| path.as_str());
    let by_name = by_name.filter(|path| path.contains("/tests/") || path.ends_with("/tests.rs"));
    let mut tests: BTreeSet<String> = by_name.map(str::to_owned).collect();
    for (path, text) in all {
        let folder = match path.rsplit_once('/') {
            Some((folder, "mod.rs" | "lib.rs" | "main.rs")) => folder.to_owned(),
            _ => path.trim_end_matches(".rs").to_owned(),
        };
        for declared in private(text).split("#[cfg(test)]\nmod ").skip(1) {
            if let Some((name, _)) = declared.split_once(';').filter(|(name, _)| !name.contains(['{', ' '])) {
                tests.insert(format!("{folder}/{name}.rs"));
            }
        }
    }
    tests
}

/// Modules of tests that other tests see as well are modules of tests.
fn private(text: &str) -> String {
    text.replace("#[cfg(test)]\npub(crate) mod ", "#[cfg(test)]\nmod ")
}

/// Sources of the product without comments and unit tests; the sandbox is a tool of tests and demo.
fn product() -> Vec<(String, String)> {
    let all = files("crates", &[".rs"]);
    let tests = test_files(&all);
    let ours = all
        .into_iter()
        .filter(|(path, _)| path.contains("/src/") && !path.starts_with("sandbox/") && !tests.contains(path));
    ours.map(|(path, text)| (path, code(&text))).collect()
}

/// A source without comments and without what follows `#[cfg(test)]`, by house style its last module.
fn code(text: &str) -> String {
    let text = private(text);
    let product = text.split("#[cfg(test)]\nmod ").next().unwrap_or_default();
    let lines = product.lines().filter(|line| !line.trim_start().starts_with("//"));
    lines.map(|line| line.split(" // ").next().unwrap_or_default()).collect::<Vec<_>>().join("\n")
}

fn manifest(name: &str) -> toml::Table {
    let path = root().join("crates").join(name).join("Cargo.toml");
    fs::read_to_string(path).expect("a manifest").parse().expect("TOML")
}

fn names(manifest: &toml::Table, section: &str) -> BTreeSet<String> {
    let table = manifest.get(section).and_then(toml::Value::as_table);
    table.map(|table| table.keys().cloned().collect()).unwrap_or_default()
}

/// Fails with all findings at once.
fn none(findings: &[String]) {
    let mut text = String::new();
    for finding in findings {
        writeln!(text, "  {finding}").expect("a string");
    }
    assert!(findings.is_empty(), "\n{text}");
}

#[test]
fn crates_use_only_lower_floors() {
    let ours: BTreeSet<&str> = FLOORS.iter().map(|(name, _)| *name).collect();
    let mut findings = Vec::new();
    for (name, lower) in FLOORS {
        let manifest = manifest(name);
        let for_tests =
            FLOORS_FOR_TESTS.iter().find(|(who, _)| *who == name).map_or(&[][..], |(_, used)| used);
        for used in names(&manifest, "dependencies") {
            if ours.contains(used.as_str()) && !lower.contains(&used.as_str()) {
                findings.push(format!("{name} depends on {used}, which is not below it"));
            }
        }
        for used in names(&manifest, "dev-dependencies") {
            let fine = lower.contains(&used.as_str()) || for_tests.contains(&used.as_str());
            if ours.contains(used.as_str()) && !fine {
                findings.push(format!("{name} depends on {used} in its tests"));
            }
        }
        if !names(&manifest, "lints").contains("workspace") {
            findings.push(format!("{name} doesn't take the lints of the workspace"));
        }
    }
    let found = fs::read_dir(root().join("crates")).expect("crates").count();
    assert_eq!(found, FLOORS.len(), "a crate without a floor");
    none(&findings);
}

#[test]
fn libraries_with_an_owner_stay_with_it() {
    let mut findings = Vec::new();
    for (name, _) in FLOORS {
        let used = names(&manifest(name), "dependencies");
        for (library, owner) in OWNED_LIBRARIES {
            if used.contains(library) && name != owner {
                findings.push(format!("{name} depends on {library}, which is {owner}'s"));
            }
        }
    }
    none(&findings);
}

#[test]
fn dependencies_take_version_and_features_from_the_workspace() {
    let mut findings = Vec::new();
    for (name, _) in FLOORS {
        let manifest = manifest(name);
        for section in ["dependencies", "dev-dependencies"] {
            let Some(table) = manifest.get(section).and_then(toml::Value::as_table) else { continue };
            for (used, value) in table {
                if value.get("workspace").and_then(toml::Value::as_bool) != Some(true)
                    && !(value.get("path").is_some() && value.get("version").is_none())
                {
                    findings.push(format!("{name}: {used} should be `{used}.workspace = true`"));
                }
            }
        }
    }
    none(&findings);
}

#[test]
fn words_with_an_owner_stay_with_it() {
    let mut findings = Vec::new();
    for (path, text) in product() {
        for (word, places, instead) in OWNED_WORDS {
            if text.contains(word) && !places.iter().any(|place| path.starts_with(place)) {
                findings.push(format!("{path} says `{word}`: {instead}"));
            }
        }
        if text.contains("clippy::disallowed_methods") && !EXCUSED_FROM_BANS.contains(&path.as_str()) {
            findings.push(format!("{path} excuses itself from the bans of clippy.toml"));
        }
    }
    none(&findings);
}

#[test]
fn no_connector_is_named_outside_its_folder() {
    let folder = root().join("crates/connectors/src");
    let folders = fs::read_dir(folder).expect("connectors").map(|entry| entry.expect("an entry").path());
    let connectors: Vec<String> = folders
        .filter(|path| path.is_dir() && !path.ends_with("net"))
        .map(|path| path.file_name().expect("a name").to_string_lossy().into_owned())
        .collect();
    assert!(connectors.iter().any(|name| name == "ofx"), "the test looks in the wrong place");
    let mut findings = Vec::new();
    let templates = files("crates/web/templates", &[".html"]);
    for (path, text) in product().into_iter().chain(templates) {
        for name in &connectors {
            let own = format!("connectors/src/{name}/");
            let registers = path == "connectors/src/registry.rs" || path == "connectors/src/lib.rs";
            let literal = text.to_lowercase().contains(&format!("\"{name}\""));
            let typed = text.contains(&format!("{name}::")) || text.contains(&format!("mod {name}"));
            let page = path.ends_with(".html") && text.to_lowercase().contains(name.as_str());
            if !path.starts_with(&own) && !registers && (literal || typed || page) {
                findings.push(format!(
                    "{path} names the connector {name}: what it needs belongs into About or data"
                ));
            }
        }
    }
    none(&findings);
}

#[test]
fn pages_have_nothing_inline_and_nothing_from_elsewhere() {
    let mut findings = Vec::new();
    for (path, text) in files("crates/web/templates", &[".html", ".svg", ".txt"]) {
        let lower = text.to_lowercase();
        for (number, line) in lower.lines().enumerate() {
            let inline_script = line.contains("<script") && !line.contains("src=");
            let handler = ["click", "load", "error", "submit", "change", "input", "keydown", "focus", "blur"]
                .iter()
                .any(|event| line.contains(&format!(" on{event}=")));
            let style = line.contains("<style") || line.contains(" style=");
            let elsewhere =
                ["src=\"http", "src=\"//", "@import", "javascript:"].iter().any(|word| line.contains(word));
            let unescaped = line.contains("|safe") && !OWN_MARKUP.iter().any(|own| line.contains(own));
            if inline_script || handler || style || elsewhere || unescaped {
                findings.push(format!("{path}:{}: {}", number + 1, line.trim()));
            }
        }
    }
    none(&findings);
}

/// A link that opens a new tab must not hand the portal's window to the other site.
#[test]
fn links_to_a_new_tab_keep_the_portal_to_itself() {
    let mut findings = Vec::new();
    for (path, text) in files("crates/web/templates", &[".html"]) {
        for tag in text.split('<').filter(|tag| tag.starts_with("a ") && tag.contains("target=\"_blank\"")) {
            let opening = tag.split('>').next().unwrap_or_default();
            if !opening.contains("noopener") || !opening.contains("noreferrer") {
                findings.push(format!("{path}: <{opening}> lacks rel=\"noopener noreferrer\""));
            }
        }
    }
    none(&findings);
}

#[test]
fn sources_are_finished_and_of_a_size_to_read() {
    let mut findings = Vec::new();
    for (path, text) in files("crates", &[".rs"]) {
        // This file has to name what it looks for.
        if path == "heldaway/tests/tidy.rs" {
            continue;
        }
        let lines = text.lines().count();
        if lines > FILE_LINES_MAX {
            findings.push(format!("{path} has {lines} lines: split it (at most {FILE_LINES_MAX})"));
        }
        for (number, line) in text.lines().enumerate() {
            let bare_allow =
                line.contains("#[allow(") && !line.contains("reason") && !line.trim_end().ends_with('(');
            if bare_allow || FORBIDDEN.iter().any(|word| line.contains(word)) {
                findings.push(format!("{path}:{}: {}", number + 1, line.trim()));
            }
        }
    }
    none(&findings);
}

#[test]
fn files_are_named_after_what_they_do() {
    let vague = ["utils", "util", "helpers", "helper", "common", "misc", "manager"];
    let sources = files("crates", &[".rs"]).into_iter();
    let findings: Vec<_> = sources
        .map(|(path, _)| path)
        .filter(|path| path.split(['/', '.']).any(|part| vague.contains(&part)))
        .collect();
    none(&findings);
}

/// Money is counted in minor units; a float would lose cents.
#[test]
fn the_domain_knows_no_floats() {
    let in_domain = product().into_iter().filter(|(path, _)| path.starts_with("domain/"));
    let floats: Vec<_> = in_domain.filter(|(_, text)| text.contains("f64") || text.contains("f32")).collect();
    none(&floats.into_iter().map(|(path, _)| path).collect::<Vec<_>>());
}

#[test]
fn the_domain_is_pure() {
    let impure =
        ["std::fs", "std::net", "std::env", "std::thread", "async fn", "tokio::", "Instant::now", "println!"];
    let mut findings = Vec::new();
    for (path, text) in product().into_iter().filter(|(path, _)| path.starts_with("domain/")) {
        for word in impure.iter().filter(|word| text.contains(**word)) {
            findings.push(format!("{path} says `{word}`"));
        }
    }
    none(&findings);
}

#[test]
fn dependencies_stay_few_and_come_from_one_registry() {
    let lock: toml::Table =
        fs::read_to_string(root().join("Cargo.lock")).expect("a lock").parse().expect("TOML");
    let packages = lock["package"].as_array().expect("packages");
    assert!(packages.len() <= PACKAGES_MAX, "{} packages, at most {PACKAGES_MAX}", packages.len());
    let sources: BTreeSet<&str> =
        packages.iter().filter_map(|package| package.get("source")?.as_str()).collect();
    assert_eq!(sources.len(), 1, "{sources:?}");
    for banned in ["openssl-sys", "native-tls", "aws-lc-sys", "rsa"] {
        let found = packages.iter().any(|package| package["name"].as_str() == Some(banned));
        assert!(!found, "{banned}: see deny.toml for the reason");
    }
}
