//! Signon: what each condition answers, and how it is cleared.

use serde_json::json;

use crate::client::{ACCOUNT_LIST, Customer, Reply, get, json as fetch, send, start, tell};

#[tokio::test]
async fn a_right_login_lists_its_accounts_in_every_version() {
    let sandbox = start().await;
    for version in [102, 103, 151, 160, 200, 203, 211, 220, 230] {
        let reply = Customer::plain().version(version).accounts(&sandbox).await;
        assert_eq!(reply.signon(), 0, "{version}");
        assert_eq!(reply.all("ACCTID"), ["6100450017", "6100450025", "4485120077310022"], "{version}");
        assert_eq!(reply.first("CLTCOOKIE"), "crumbs");
        assert_eq!(reply.first("TRNUID"), "list-1");
        let header =
            if version >= 200 { format!("VERSION=\"{version}\"") } else { format!("VERSION:{version}\r\n") };
        assert!(reply.text().contains(&header) && reply.text().contains("file-1"), "{version}");
        assert_eq!(reply.text().contains("</CODE>"), version >= 200, "leaves are closed in XML only");
    }
}

#[tokio::test]
async fn a_signon_error_answers_everything_else_with_15500() {
    let sandbox = start().await;
    let mut customer = Customer::plain();
    customer.password = "sandbox-maple-0000".to_owned();
    let sets = format!(
        "{ACCOUNT_LIST}<BANKMSGSRQV1><STMTTRNRQ><TRNUID>s1</TRNUID><STMTRQ></STMTRQ></STMTTRNRQ>\
         <INTRASYNCRQ><TOKEN>0</TOKEN></INTRASYNCRQ></BANKMSGSRQV1>\
         <PROFMSGSRQV1><PROFTRNRQ><TRNUID>p1</TRNUID><PROFRQ><DTPROFUP>19900101</DTPROFUP></PROFRQ></PROFTRNRQ></PROFMSGSRQV1>"
    );
    let reply = customer.send(&sandbox, "", &sets).await;
    assert_eq!(reply.all("CODE"), ["15500", "15500", "15500", "15500"]);
    assert_eq!(reply.all("TRNUID"), ["list-1", "s1", "p1"]);
    assert_eq!(reply.all("TOKEN"), ["-1"]);
    assert!(!reply.text().contains("ACCTINFORS"));
}

#[tokio::test]
async fn three_wrong_passwords_lock_until_the_site_unlocks() {
    let sandbox = start().await;
    let right = Customer::new("foxglove", "10202", "pat.wrong", "sandbox-thimble-2002");
    let wrong = Customer { password: "sandbox-thimble-0000".to_owned(), ..right.clone() };
    for _ in 0..3 {
        assert_eq!(wrong.accounts(&sandbox).await.signon(), 15500);
    }
    assert_eq!(right.accounts(&sandbox).await.signon(), 15502);
    let persona = fetch(&sandbox, "/api/personas/foxglove/pat.wrong").await;
    assert_eq!(persona["locked"], true);
    assert_eq!(persona["counters"]["logins_rejected"], 3);
    press(&sandbox, "foxglove", "unlock", "pat.wrong").await;
    assert_eq!(right.accounts(&sandbox).await.signon(), 0);
}

#[tokio::test]
async fn a_right_password_in_between_starts_the_count_anew() {
    let sandbox = start().await;
    let right = Customer::plain();
    let wrong = Customer { password: "sandbox-maple-0000".to_owned(), ..right.clone() };
    for _ in 0..4 {
        assert_eq!(wrong.accounts(&sandbox).await.signon(), 15500);
        assert_eq!(wrong.accounts(&sandbox).await.signon(), 15500);
        assert_eq!(right.accounts(&sandbox).await.signon(), 0);
    }
}

async fn press(sandbox: &sandbox::Sandbox, institution: &str, action: &str, login: &str) -> Reply {
    let path = format!("/site/{institution}/{action}");
    let reply =
        send(sandbox, "POST", &path, "application/x-www-form-urlencoded", &format!("login={login}")).await;
    assert_eq!(reply.status, 303, "{path}");
    reply
}

#[tokio::test]
async fn each_condition_has_its_code_and_its_button() {
    let sandbox = start().await;
    for (institution, fid, login, password, code, action) in [
        ("kestrel", "10207", "casey.locked", "sandbox-falcon-7001", 15502, "unlock"),
        ("hollowcreek", "10209", "sam.patient", "sandbox-mill-9001", 13505, "maintenance"),
        ("thornbury", "10210", "lee.busy", "sandbox-bramble-9101", 15501, "sign-out"),
        ("windmere", "10211", "nico.terms", "sandbox-sail-9201", 15511, "terms"),
    ] {
        let customer = Customer::new(institution, fid, login, password);
        let refused = customer.accounts(&sandbox).await;
        assert_eq!(refused.all("CODE"), [code.to_string(), "15500".to_owned()], "{institution}");
        let site = get(&sandbox, &format!("/site/{institution}")).await.text();
        assert!(site.contains(&format!("/site/{institution}/{action}")), "{institution}");
        press(&sandbox, institution, action, login).await;
        assert_eq!(customer.accounts(&sandbox).await.all("CODE"), ["0", "0"], "{institution}");
    }
}

#[tokio::test]
async fn an_expired_password_is_set_anew_at_the_site_or_by_the_client() {
    let sandbox = start().await;
    let expiring = Customer::new("juniper", "10208", "drew.expiring", "sandbox-berry-8001");
    let told = expiring.accounts(&sandbox).await;
    assert_eq!(told.all("CODE"), ["15000", "0"]);
    assert_eq!(told.first("SEVERITY"), "INFO");
    press(&sandbox, "juniper", "password", "drew.expiring").await;
    assert_eq!(expiring.accounts(&sandbox).await.signon(), 15500, "the old password is over");
    let renewed = Customer { password: "sandbox-berry-8001-new".to_owned(), ..expiring };
    assert_eq!(renewed.accounts(&sandbox).await.signon(), 0);

    let expired = Customer::new("juniper", "10208", "drew.expired", "sandbox-berry-8002");
    assert_eq!(expired.accounts(&sandbox).await.all("CODE"), ["15507", "15500"]);
    let change = "<PINCHTRNRQ><TRNUID>pin</TRNUID><PINCHRQ><USERID>drew.expired</USERID><NEWUSERPASS>sandbox-berry-9999\
                  </NEWUSERPASS></PINCHRQ></PINCHTRNRQ>";
    assert_eq!(expired.send(&sandbox, change, "").await.all("CODE"), ["0", "0"]);
    let changed = Customer { password: "sandbox-berry-9999".to_owned(), ..expired };
    assert_eq!(changed.accounts(&sandbox).await.signon(), 0);
}

#[tokio::test]
async fn in_use_ends_by_itself_after_half_an_hour() {
    let sandbox = start().await;
    let customer = Customer::new("thornbury", "10210", "lee.busy", "sandbox-bramble-9101");
    assert_eq!(customer.accounts(&sandbox).await.signon(), 15501);
    tell(&sandbox, "/api/clock", json!({"advance_seconds": 29 * 60})).await;
    assert_eq!(customer.accounts(&sandbox).await.signon(), 15501);
    tell(&sandbox, "/api/clock", json!({"advance_seconds": 60})).await;
    assert_eq!(customer.accounts(&sandbox).await.signon(), 0);
}

#[tokio::test]
async fn the_institution_gets_what_it_demands() {
    let sandbox = start().await;
    let lakeshore = Customer::new("lakeshore", "10101", "ruth.lindqvist", "sandbox-heron-3318");
    assert_eq!(lakeshore.accounts(&sandbox).await.signon(), 0);
    let elsewhere = Customer { fid: "99999", ..lakeshore };
    assert_eq!(elsewhere.accounts(&sandbox).await.all("CODE"), ["13504", "15500"]);

    let member = Customer::new("briarwood", "10213", "kim.member", "sandbox-thicket-9401");
    assert_eq!(member.accounts(&sandbox).await.signon(), 15500, "the third credential is missing");
    let member = member.with("<USERCRED1>440-118</USERCRED1>");
    assert_eq!(member.accounts(&sandbox).await.signon(), 0);
    let old = Customer { app_version: 2700, ..member };
    assert_eq!(old.accounts(&sandbox).await.signon(), 2000);
}

#[tokio::test]
async fn a_program_must_be_confirmed_at_the_site() {
    let sandbox = start().await;
    let customer = Customer::new("stonewater", "10212", "toni.device", "sandbox-pier-9301");
    assert_eq!(customer.accounts(&sandbox).await.signon(), 15510, "without any id");
    let program = customer.with("<CLIENTUID>22576921-8E39-4A82-9E3E-EDDB121ADDEE</CLIENTUID>");
    assert_eq!(program.accounts(&sandbox).await.signon(), 15510, "unknown");
    press(&sandbox, "stonewater", "confirm", "toni.device").await;
    assert_eq!(program.accounts(&sandbox).await.signon(), 0);
    let other = customer.with("<CLIENTUID>00000000-8E39-4A82-9E3E-EDDB121ADDEE</CLIENTUID>");
    assert_eq!(other.accounts(&sandbox).await.signon(), 15510, "another program isn't confirmed with it");
}

#[tokio::test]
async fn a_password_changes_after_two_lists() {
    let sandbox = start().await;
    let customer = Customer::new("meridian", "10103", "samuel.changed", "sandbox-compass-7731").version(220);
    assert_eq!(customer.accounts(&sandbox).await.signon(), 0);
    assert_eq!(customer.accounts(&sandbox).await.signon(), 0);
    assert_eq!(customer.accounts(&sandbox).await.signon(), 15500);
    let renewed = Customer { password: "sandbox-compass-7731-new".to_owned(), ..customer };
    assert_eq!(renewed.accounts(&sandbox).await.signon(), 0);
}

#[tokio::test]
async fn further_users_have_progress_of_their_own() {
    let sandbox = start().await;
    let one = Customer::new("kestrel", "10207", "casey.locked+1", "sandbox-falcon-7001");
    let two = Customer { login: "casey.locked+2".to_owned(), ..one.clone() };
    press(&sandbox, "kestrel", "unlock", "casey.locked%2B1").await;
    assert_eq!(one.accounts(&sandbox).await.signon(), 0);
    assert_eq!(two.accounts(&sandbox).await.signon(), 15502);
    for nobody in ["casey.locked+0", "casey.locked+x", "nobody"] {
        let customer = Customer { login: nobody.to_owned(), ..one.clone() };
        assert_eq!(customer.accounts(&sandbox).await.signon(), 15500, "{nobody}");
    }
}

#[tokio::test]
async fn the_profile_is_read_anonymously_and_only_the_profile() {
    let sandbox = start().await;
    let nobody = "anonymous00000000000000000000000";
    let anonymous = Customer::new("copperleaf", "10205", nobody, nobody);
    let profile = "<PROFMSGSRQV1><PROFTRNRQ><TRNUID>p1</TRNUID><PROFRQ><CLIENTROUTING>NONE</CLIENTROUTING>\
                   <DTPROFUP>19900101</DTPROFUP></PROFRQ></PROFTRNRQ></PROFMSGSRQV1>";
    let reply = anonymous.send(&sandbox, "", profile).await;
    assert_eq!(reply.all("CODE"), ["0", "0"]);
    assert_eq!(reply.all("MFACHALLENGESUPT"), ["Y"]);
    assert!(reply.all("URL").contains(&format!("{}/ofx/copperleaf", sandbox.address())));
    assert!(reply.text().contains("<BANKMSGSETV1>") && !reply.text().contains("<INVSTMTMSGSETV1>"));
    let old = anonymous.clone().version(102).send(&sandbox, "", profile).await;
    assert!(!old.text().contains("MFACHALLENGESUPT"), "1.0.2 doesn't know it");
    assert_eq!(anonymous.accounts(&sandbox).await.all("CODE"), ["0", "15500"]);
    let fresh = profile.replace("19900101", "20261101");
    let reply = anonymous.send(&sandbox, "", &fresh).await;
    assert_eq!(reply.all("CODE"), ["0", "1"], "up to date");
    assert!(!reply.text().contains("PROFRS>"));
}

#[tokio::test]
async fn the_session_cookie_comes_back() {
    let sandbox = start().await;
    let cookie = Customer::plain().accounts(&sandbox).await.first("SESSCOOKIE");
    let reply = Customer::plain().with(format!("<SESSCOOKIE>{cookie}</SESSCOOKIE>")).accounts(&sandbox).await;
    assert_eq!(reply.first("SESSCOOKIE"), cookie);
}

#[tokio::test]
async fn what_cannot_be_read_is_http_400() {
    let sandbox = start().await;
    let file = Customer::plain().file("", ACCOUNT_LIST);
    for (kind, body) in [
        ("text/xml", file.clone()),
        ("application/x-ofx", "hello".to_owned()),
        ("application/x-ofx", file.replace("VERSION=\"211\"", "VERSION=\"999\"")),
        ("application/x-ofx", file.replace("</OFX>", "")),
        ("application/x-ofx", file.replace("SONRQ>", "SONRX>")),
    ] {
        let reply = send(&sandbox, "POST", "/ofx/evergreen", kind, &body).await;
        assert_eq!(reply.status, 400, "{kind} {}", reply.text());
    }
    let old = Customer::new("press102", "10401", "pen.102", "sandbox-type-2102");
    assert_eq!(old.accounts(&sandbox).await.status, 400);
    assert_eq!(old.version(102).accounts(&sandbox).await.signon(), 0);
    assert_eq!(send(&sandbox, "POST", "/ofx/nowhere", "application/x-ofx", &file).await.status, 404);
}
