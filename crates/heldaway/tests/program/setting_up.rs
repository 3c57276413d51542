//! `init`, `add-staff`, `migrate` and `check`.

use std::{fs, os::unix::fs::PermissionsExt as _};

use crate::child::{heldaway, output};

const INIT: [&str; 11] = [
    "init",
    "--firm",
    "Fernhill Wealth",
    "--administrator",
    "Noor Said",
    "--administrator-email",
    "noor@fernhill.example",
    "--advisor",
    "Elena Marsh",
    "--advisor-email",
    "Elena@Fernhill.example",
];

#[test]
fn a_firm_is_set_up_once_and_the_check_agrees() {
    let folder = tempfile::tempdir().unwrap();
    let (fine, said) = output(heldaway(folder.path(), &["check"]));
    assert!(!fine && said.contains("FAILED"), "{said}");
    let (fine, said) = output(heldaway(folder.path(), &INIT));
    assert!(fine && said.contains("elena@fernhill.example with the password"), "{said}");
    let (fine, said) = output(heldaway(folder.path(), &INIT));
    assert!(!fine && said.contains("there is a firm already"), "{said}");
    let (fine, said) = output(heldaway(folder.path(), &["check"]));
    assert!(fine && said.contains("All is well"), "{said}");
    let (fine, said) = output(heldaway(folder.path(), &["migrate"]));
    assert!(fine, "{said}");
}

#[test]
fn one_more_advisor_gets_a_login_and_nobody_gets_two() {
    let folder = tempfile::tempdir().unwrap();
    let add = ["add-staff", "--name", "Ivo Brandt", "--email", "ivo@fernhill.example"];
    let (fine, said) = output(heldaway(folder.path(), &add));
    assert!(!fine, "there is no firm yet: {said}");
    assert!(output(heldaway(folder.path(), &INIT)).0);
    let (fine, said) = output(heldaway(folder.path(), &add));
    assert!(fine && said.contains("with the password"), "{said}");
    let (fine, said) = output(heldaway(folder.path(), &add));
    assert!(!fine && said.contains("ivo@fernhill.example"), "{said}");
    for role in ["data-support", "compliance"] {
        let email = format!("{role}@fernhill.example");
        let add = ["add-staff", "--role", role, "--name", "Noor Haddad", "--email", &email];
        let (fine, said) = output(heldaway(folder.path(), &add));
        assert!(fine && said.contains(&role.replace('-', "_")), "{said}");
    }
    let add = ["add-staff", "--role", "client", "--name", "Ruth", "--email", "ruth@fernhill.example"];
    let (fine, said) = output(heldaway(folder.path(), &add));
    assert!(!fine && said.contains("no role of staff"), "{said}");
}

#[test]
fn passwords_from_standard_input_are_judged_and_never_printed() {
    use std::{io::Write as _, process::Stdio};
    for (passwords, taken) in [
        ("violet-anchor-thunder-9\nsaddle-polaroid-brook-4\n", true),
        ("violet-anchor-thunder-9\npassword123\n", false),
        ("violet-anchor-thunder-9\n", false),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let mut command = heldaway(folder.path(), &INIT);
        command
            .arg("--passwords-from-stdin")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        // It may have refused before reading all.
        let _ = child.stdin.take().unwrap().write_all(passwords.as_bytes());
        let output = child.wait_with_output().unwrap();
        let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
        assert_eq!(output.status.success(), taken, "{said}");
        assert!(passwords.lines().all(|password| !said.contains(password)), "{said}");
    }
}

#[test]
fn a_wrong_key_and_an_open_key_are_found_by_the_check() {
    let folder = tempfile::tempdir().unwrap();
    assert!(output(heldaway(folder.path(), &INIT)).0);
    assert!(output(heldaway(folder.path(), &["check"])).0);
    let key = folder.path().join("data/master.key");
    fs::set_permissions(&key, fs::Permissions::from_mode(0o644)).unwrap();
    let (fine, said) = output(heldaway(folder.path(), &["check"]));
    assert!(!fine && said.contains("chmod 600"), "{said}");
    // Another key: none of the known ones is there.
    fs::remove_file(&key).unwrap();
    fs::write(&key, "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=\n").unwrap();
    fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).unwrap();
    let (fine, said) = output(heldaway(folder.path(), &["check"]));
    assert!(!fine && said.contains("canary"), "{said}");
}

#[test]
fn settings_that_are_not_known_stop_everything() {
    let folder = tempfile::tempdir().unwrap();
    for role in ["serve", "migrate", "check"] {
        let mut command = heldaway(folder.path(), &[role]);
        command.env("HELDAWAY_SERVER_LISEN", "127.0.0.1:0");
        let (fine, said) = output(command);
        assert!(!fine && said.contains("HELDAWAY_SERVER_LISEN"), "{role}: {said}");
    }
    assert!(!folder.path().join("data").exists(), "nothing was begun");
}

#[test]
fn the_example_is_printed() {
    let folder = tempfile::tempdir().unwrap();
    let (fine, said) = output(heldaway(folder.path(), &["init", "--example"]));
    assert!(fine);
    assert_eq!(said, heldaway::config::EXAMPLE);
}
