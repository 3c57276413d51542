#!/usr/bin/env python3
"""An OFX client that shares no line with ours reads the sandbox: independent_client.py SANDBOX_PROGRAM

`ofxget` of ofxtools asks for profile, account list and statements in each version of OFX; ofxtools' parser, which
validates against its own model of the specification, must take every answer. So connector and sandbox can't have agreed
on a mistake. Loans and OFX 2.3 are left to our own tests: ofxtools knows neither.
"""

import contextlib
import io
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import traceback
import warnings

from ofxtools.Parser import OFXTree

ORG = "SANDBOX"
# Institution, FID, OFX version, login, password: one bank for each version, and investments.
VERSIONS = [("press102", "10401", 102), ("press103", "10402", 103), ("press160", "10403", 160),
            ("press203", "10404", 203), ("press211", "10405", 211), ("press220", "10406", 220)]
WEALTH = ("evergreen", "10201", 211, "alex.wealth", "sandbox-maple-1002")
INVESTOR = ("beacon", "10102", 220, "lindqvist.invest", "sandbox-lantern-4410")
LOANS = ("lakeshore", "10101", 211, "ruth.lindqvist", "sandbox-heron-3318")

results = {"pass": 0, "fail": 0}


@contextlib.contextmanager
def check(name):
    """One test; says so in TAP."""
    number = sum(results.values()) + 1
    try:
        yield
    except Exception:
        results["fail"] += 1
        print(f"not ok {number} - {name}\n{traceback.format_exc()}", flush=True)
    else:
        results["pass"] += 1
        print(f"ok {number} - {name}", flush=True)


@contextlib.contextmanager
def sandbox(program):
    """The address of a running sandbox, which ends with its standard input."""
    command = [program, "--port", "0", "--json", "--exit-with-parent"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        yield json.loads(process.stdout.readline())["sandbox"]
        process.stdin.close()
        process.wait(timeout=10)


def login_of(version):
    return f"pen.{version}", f"sandbox-type-2{version}"


def ofxget(address, command, institution, fid, version, *more):
    """What `ofxget` prints: the institution's answer as it came."""
    program = pathlib.Path(sys.executable).with_name("ofxget")
    call = [program, command, "--nokeyring", "--url", f"{address}/ofx/{institution}", "--org", ORG, "--fid", fid,
            "--version", str(version), *more]
    with tempfile.TemporaryDirectory() as home:
        environment = {**os.environ, "HOME": home, "XDG_CONFIG_HOME": home, "XDG_DATA_HOME": home,
                       # ofxget logs warnings to standard output, into the answer.
                       "PYTHONWARNINGS": "ignore"}
        done = subprocess.run(call, capture_output=True, text=True, timeout=60, env=environment, check=False)
    assert done.returncode == 0 and done.stdout.strip(), done.stderr
    return done.stdout


def read(answer):
    """The answer as ofxtools' own objects; anything its model forbids is an error."""
    tree = OFXTree()
    # ofxget prints SGML with line breaks between elements, as servers of OFX 1 send it.
    tree.parse(io.BytesIO(answer.encode()))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return tree.convert()


def amounts_agree(statement):
    """All entries are amounts with an id of their own, and the balance has a date."""
    entries = list(statement.banktranlist)
    assert entries, "no entries"
    assert all(entry.fitid and entry.trnamt and entry.dtposted for entry in entries)
    assert len({entry.fitid for entry in entries}) == len(entries), "an id twice"
    assert statement.ledgerbal.balamt is not None and statement.ledgerbal.dtasof is not None


def each_version(address):
    for institution, fid, version in VERSIONS:
        login, password = login_of(version)
        who = ["--user", login, "--password", password]
        with check(f"OFX {version}: profile"):
            profile = read(ofxget(address, "prof", institution, fid, version)).profmsgsrsv1[0]
            assert profile.status.code == 0 and profile.profile.finame
        with check(f"OFX {version}: account list"):
            answer = read(ofxget(address, "acctinfo", institution, fid, version, *who))
            assert answer.sonrs.status.code == 0
            assert len(answer.signupmsgsrsv1[0].acctinfors) >= 1
        with check(f"OFX {version}: statements"):
            answer = read(ofxget(address, "stmt", institution, fid, version, "--all", *who))
            assert answer.sonrs.status.code == 0 and answer.statements
            for statement in answer.statements:
                amounts_agree(statement)


def investments(address):
    institution, fid, version, login, password = INVESTOR
    who = ["--user", login, "--password", password]
    with check("investments: positions, securities and cash"):
        answer = read(ofxget(address, "stmt", institution, fid, version, "--all", *who))
        statement = answer.statements[0]
        assert len(statement.invposlist) >= 3, len(statement.invposlist)
        known = {(security.uniqueid, security.uniqueidtype) for security in answer.securities}
        for position in statement.invposlist:
            assert (position.uniqueid, position.uniqueidtype) in known, position.uniqueid
            assert position.units and position.unitprice is not None and position.mktval is not None
        assert statement.invbal.availcash is not None
    institution, fid, version, login, password = WEALTH
    with check("a bank account and a brokerage account under one login"):
        who = ["--user", login, "--password", password]
        answer = read(ofxget(address, "stmt", institution, fid, version, "--all", *who))
        assert sorted(type(one).__name__ for one in answer.statements) == ["INVSTMTRS", "STMTRS"]


def refusals(address):
    institution, fid, version, login, _ = WEALTH
    with check("a wrong password is refused with 15500"):
        answer = read(ofxget(address, "acctinfo", institution, fid, version, "--user", login, "--password", "wrong"))
        assert answer.sonrs.status.code == 15500 and answer.sonrs.status.severity == "ERROR"
    institution, fid, version, login, password = LOANS
    with check("loans stand in the account list"):
        answer = ofxget(address, "acctinfo", institution, fid, version, "--user", login, "--password", password)
        assert "<LOANACCTINFO>" in answer and "<LOANACCTTYPE>AUTO" in answer


def main():
    print("TAP version 14")
    with sandbox(sys.argv[1]) as address:
        each_version(address)
        investments(address)
        refusals(address)
    print(f"1..{sum(results.values())}\n# pass {results['pass']}\n# fail {results['fail']}")
    return 1 if results["fail"] or not results["pass"] else 0


if __name__ == "__main__":
    sys.exit(main())
