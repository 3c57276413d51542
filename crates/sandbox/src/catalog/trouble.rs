//! Institutions that speak one version only, and institutions that are in trouble from the start.

use crate::fault::{Fault, Kind};
use crate::institution::Institution;
use crate::persona::Persona;

use super::signon::TWO_ACCOUNTS;

const TWO: Persona = Persona { accounts: &TWO_ACCOUNTS, ..Persona::PLAIN };

macro_rules! one_version {
    ($name:ident $version:literal $id:literal $title:literal $fid:literal $login:literal $password:literal) => {
        pub(super) static $name: Institution = Institution {
            id: $id,
            name: $title,
            purpose: concat!("Speaks OFX ", $version, " only"),
            fid: $fid,
            version: $version,
            versions: &[$version],
            personas: &[Persona {
                login: $login,
                password: $password,
                story: concat!("Answers requests of version ", $version, " only, others with HTTP 400."),
                expect: "Two accounts.",
                ..TWO
            }],
            ..Institution::PLAIN
        };
    };
}

one_version!(V102 102 "press102" "Printing House Bank 1.0.2 (sandbox)" "10401" "pen.102" "sandbox-type-2102");
one_version!(V103 103 "press103" "Printing House Bank 1.0.3 (sandbox)" "10402" "pen.103" "sandbox-type-2103");
one_version!(V160 160 "press160" "Printing House Bank 1.6 (sandbox)" "10403" "pen.160" "sandbox-type-2160");
one_version!(V203 203 "press203" "Printing House Bank 2.0.3 (sandbox)" "10404" "pen.203" "sandbox-type-2203");
one_version!(V211 211 "press211" "Printing House Bank 2.1.1 (sandbox)" "10405" "pen.211" "sandbox-type-2211");
one_version!(V220 220 "press220" "Printing House Bank 2.2 (sandbox)" "10406" "pen.220" "sandbox-type-2220");
one_version!(V230 230 "press230" "Printing House Bank 2.3 (sandbox)" "10407" "pen.230" "sandbox-type-2230");

macro_rules! in_trouble {
    ($($name:ident $kind:ident $id:literal $title:literal $fid:literal $login:literal $password:literal $story:literal $expect:literal)*) => {
        $(static $name: Institution = Institution {
            id: $id,
            name: $title,
            purpose: $story,
            fid: $fid,
            fault: Some(Fault::of(Kind::$kind)),
            personas: &[Persona { login: $login, password: $password, story: $story, expect: $expect, ..TWO }],
            ..Institution::PLAIN
        };)*
        pub(super) static IN_TROUBLE: &[&Institution] = &[$(&$name),*];
    };
}

in_trouble! {
    DOWN Http503 "northgate" "Northgate Savings (sandbox)" "10501" "tess.down" "sandbox-storm-3101"
        "Down: HTTP 503" "\"Unable to get the recent account values\": it can't be reached; tried again later by itself."
    REFUSED Refuse "southgate" "Southgate Savings (sandbox)" "10502" "tess.refused" "sandbox-storm-3102"
        "Down: closes every connection" "The same."
    SLOW Slow "tortoise" "Tortoise Bank (sandbox)" "10503" "tess.slow" "sandbox-storm-3103"
        "Slow: 20 seconds for each answer" "Takes longer than usual; you may leave. Then two accounts."
    HANG Hang "sloth" "Sloth Bank (sandbox)" "10504" "tess.hang" "sandbox-storm-3104"
        "Accepts the request and says nothing" "It is slow to answer; tried again later by itself."
    DRIP Drip "dripstone" "Dripstone Bank (sandbox)" "10505" "tess.drip" "sandbox-storm-3105"
        "Sends one byte a second" "The same."
    GARBAGE Garbage "babel" "Babel Bank (sandbox)" "10506" "tess.garbage" "sandbox-storm-3106"
        "Answers with garbage" "The problem is on our side; Report a Problem."
    HTML Html "gateway" "Gateway Bank (sandbox)" "10507" "tess.html" "sandbox-storm-3107"
        "Answers with a web page and status 200" "The same."
    EMPTY Empty "hollow" "Hollow Bank (sandbox)" "10508" "tess.empty" "sandbox-storm-3108"
        "Answers with an empty body" "The same."
    TRUNCATED Truncated "halfway" "Halfway Bank (sandbox)" "10509" "tess.truncated" "sandbox-storm-3109"
        "Stops in the middle of the body" "The same; no half value is stored."
    WRONG_LENGTH ShortLength "yardstick" "Yardstick Bank (sandbox)" "10510" "tess.length" "sandbox-storm-3110"
        "States a wrong Content-Length" "The same."
    REDIRECT Redirect "roundabout" "Roundabout Bank (sandbox)" "10511" "tess.redirect" "sandbox-storm-3111"
        "Redirects without end" "The same."
    GZIP_BOMB GzipBomb "balloon" "Balloon Bank (sandbox)" "10512" "tess.gzip" "sandbox-storm-3112"
        "Sends a gigabyte in a small gzip file" "The same; memory stays small."
    HUGE Huge "leviathan" "Leviathan Bank (sandbox)" "10513" "tess.huge" "sandbox-storm-3113"
        "Sends a gigabyte of entries" "The same; memory stays small."
}
