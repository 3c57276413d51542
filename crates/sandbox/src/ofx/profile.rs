//! The profile (OFX 2.3 §7): what the institution offers, where, and how one signs on.

use super::request::Element;
use super::write::Node;
use super::{Body, Desk, Status, date};
use crate::account::Kind;
use crate::persona::Proof;

/// When the profiles were last changed.
pub(super) const UPDATED: &str = "20261001120000";

/// PROFRS, or status 1 without it when the client is up to date (OFX 2.3 §7.2).
pub(super) fn respond(desk: &Desk<'_>, transaction: &Element) -> Body {
    desk.world.lock().traffic(desk.institution).profiles += 1;
    let since = transaction.child("PROFRQ").and_then(|request| request.text("DTPROFUP"));
    if since.and_then(date::read).zip(date::read(UPDATED)).is_some_and(|(since, updated)| since >= updated) {
        return Err(Status::UP_TO_DATE);
    }
    let site = desk.world.site(desk.institution);
    Ok(Some(
        Node::new("PROFRS")
            .child(message_sets(desk))
            .child(Node::new("SIGNONINFOLIST").child(signon_info(desk)))
            .leaf("DTPROFUP", UPDATED)
            // FINAME is A-32.
            .leaf("FINAME", desk.institution.name.chars().take(32).collect::<String>())
            .leaf("ADDR1", "1 Sandbox Square")
            .leaf("CITY", "Springfield")
            .leaf("STATE", "IL")
            .leaf("POSTALCODE", "00000")
            .leaf("COUNTRY", "USA")
            .leaf("CSPHONE", "555-0100")
            .leaf("URL", site)
            .leaf("EMAIL", format!("help@{}", desk.institution.broker_id())),
    ))
}

fn has(desk: &Desk<'_>, wanted: impl Fn(&Kind) -> bool) -> bool {
    desk.institution.personas.iter().flat_map(|persona| persona.accounts).any(|account| wanted(&account.kind))
}

fn message_sets(desk: &Desk<'_>) -> Node {
    let loans = has(desk, |kind| matches!(kind, Kind::Loan(_)));
    let banks = has(desk, |kind| matches!(kind, Kind::Bank { .. })) || (loans && !desk.form.has_loans());
    let main = desk.world.ofx_url(desk.institution);
    let door =
        |name| if desk.institution.manner.split_urls { format!("{main}/{name}") } else { main.clone() };
    let (bank_url, invest_url) = (door("bank"), door("invest"));
    let mut list = Node::new("MSGSETLIST")
        .child(set("SIGNONMSGSET", Node::new("SIGNONMSGSETV1").child(core(&main))))
        .child(set("SIGNUPMSGSET", signup(desk, &main)));
    if banks {
        let bank = Node::new("BANKMSGSETV1").child(core(&bank_url)).flag("CLOSINGAVAIL", false);
        let bank = if desk.form.has_2_2() { bank.flag("PENDINGAVAIL", true) } else { bank };
        list.push(set("BANKMSGSET", bank.child(email_profile())));
    }
    if has(desk, |kind| matches!(kind, Kind::Card { .. })) {
        let cards = Node::new("CREDITCARDMSGSETV1").child(core(&bank_url)).flag("CLOSINGAVAIL", false);
        list.push(set("CREDITCARDMSGSET", cards));
    }
    if loans && desk.form.has_loans() {
        list.push(set(
            "LOANMSGSET",
            Node::new("LOANMSGSETV1").child(core(&bank_url)).flag("CLOSINGAVAIL", false),
        ));
    }
    if has(desk, |kind| matches!(kind, Kind::Investment { .. })) {
        list.push(set("INVSTMTMSGSET", invest(desk, &invest_url)));
        let securities = Node::new("SECLISTMSGSETV1").child(core(&invest_url)).flag("SECLISTRQDNLD", false);
        list.push(set("SECLISTMSGSET", securities));
    }
    list.child(set("PROFMSGSET", Node::new("PROFMSGSETV1").child(core(&main))))
}

fn set(tag: &'static str, version: Node) -> Node {
    Node::new(tag).child(version)
}

/// MSGSETCORE. TRANSPSEC is Y for every message set defined (OFX 2.3 §7.2.1), even though the sandbox is on loopback.
fn core(url: &str) -> Node {
    Node::new("MSGSETCORE")
        .leaf("VER", "1")
        .leaf("URL", url)
        .leaf("OFXSEC", "NONE")
        .flag("TRANSPSEC", true)
        .leaf("SIGNONREALM", "SANDBOX")
        .leaf("LANGUAGE", "ENG")
        .leaf("SYNCMODE", "LITE")
        .flag("RESPFILEER", false)
        .leaf("SPNAME", "Heldaway sandbox")
}

fn signup(desk: &Desk<'_>, url: &str) -> Node {
    Node::new("SIGNUPMSGSETV1")
        .child(core(url))
        .child(Node::new("WEBENROLL").leaf("URL", desk.world.site(desk.institution)))
        .flag("CHGUSERINFO", false)
        .flag("AVAILACCTS", true)
        .flag("CLIENTACTREQ", false)
}

fn email_profile() -> Node {
    Node::new("EMAILPROF").flag("CANEMAIL", false).flag("CANNOTIFY", false)
}

fn invest(desk: &Desk<'_>, url: &str) -> Node {
    let plans = has(desk, |kind| matches!(kind, Kind::Investment { product: "401K", .. }));
    let set = Node::new("INVSTMTMSGSETV1")
        .child(core(url))
        .flag("TRANDNLD", true)
        .flag("OODNLD", false)
        .flag("POSDNLD", true)
        .flag("BALDNLD", true)
        .flag("CANEMAIL", false);
    if desk.form.is_xml() { set.flag("INV401KDNLD", plans) } else { set }
}

/// SIGNONINFO (OFX 2.3 §7.2.2); what concerns multi-factor signon only in the versions that have it.
fn signon_info(desk: &Desk<'_>) -> Node {
    let info = Node::new("SIGNONINFO")
        .leaf("SIGNONREALM", "SANDBOX")
        .leaf("MIN", "8")
        .leaf("MAX", "32")
        .leaf("CHARTYPE", "ALPHAORNUMERIC")
        .flag("CASESEN", true)
        .flag("SPECIAL", true)
        .flag("SPACES", false)
        .flag("PINCH", true)
        .flag("CHGPINFIRST", false);
    if !desk.form.has_mfa() {
        return info;
    }
    let demands = &desk.institution.demands;
    let any =
        |wanted: fn(&Proof) -> bool| desk.institution.personas.iter().any(|persona| wanted(&persona.proof));
    let info = info.leaf_if("USERCRED1LABEL", demands.credential).flag("CLIENTUIDREQ", demands.client_uid);
    let tokens = any(|proof| matches!(proof, Proof::Token { .. }));
    let info = info
        .flag("AUTHTOKENFIRST", false)
        .leaf_if("AUTHTOKENLABEL", tokens.then_some("One-time key from our website"))
        .leaf_if("AUTHTOKENINFOURL", tokens.then(|| desk.world.site(desk.institution)));
    let challenges = any(|proof| matches!(proof, Proof::Questions(_) | Proof::Code { .. }));
    info.flag("MFACHALLENGESUPT", challenges).flag("MFACHALLENGEFIRST", demands.challenge_first)
}
