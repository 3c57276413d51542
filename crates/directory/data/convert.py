#!/usr/bin/env python3
"""Writes institutions.tsv.gz, the portal's directory, from a table of public facts.

    python3 convert.py SOURCE.tsv institutions.tsv.gz

Facts only (names, addresses, places); the schema is ours and is described in README.md beside this file.
"""
import csv, gzip, re, sys

KIND = {"bank": "bank", "brokerage": "broker", "card": "card", "credit_union": "credit_union", "crypto": "crypto", "hsa": "hsa",
        "insurance": "insurer", "loan": "lender", "mortgage": "lender", "payroll": "payroll", "retirement_plan": "retirement", "wealth": "broker"}
PURPOSE = {"retirement_plan": "workplace retirement plans", "hsa": "health savings accounts", "brokerage": "brokerage and IRA accounts",
           "wealth": "accounts with an advisor", "card": "credit cards", "mortgage": "mortgages", "loan": "loans",
           "insurance": "insurance and annuities", "payroll": "payroll", "crypto": "crypto accounts"}
# Brands with several offerings: the same login page is not the same place to connect.
BRANDS = [("Fidelity", r"^fidelity-(investments|netbenefits|hsa|wealthscape|charitable|crypto|rewards)"), ("Schwab", r"^(charles-)?schwab"),
          ("Merrill", r"^merrill"), ("Bank of America", r"^bank-of-america"), ("Vanguard", r"^vanguard"), ("Chase", r"^(chase|j-?p-?morgan)"),
          ("Empower", r"^empower"), ("Principal", r"^principal"), ("TIAA", r"^tiaa"), ("Wells Fargo", r"^wells-fargo"), ("Citi", r"^citi(-|$)"),
          ("T. Rowe Price", r"^t-rowe"), ("John Hancock", r"^john-hancock"), ("Morgan Stanley", r"^(morgan-stanley|e-?trade)"),
          ("American Express", r"^american-express"), ("Capital One", r"^capital-one"), ("Discover", r"^discover(-|$)"), ("U.S. Bank", r"^us-?bank"),
          ("Ameriprise", r"^ameriprise"), ("Edward Jones", r"^edward-jones"), ("Transamerica", r"^transamerica"), ("Prudential", r"^prudential"),
          ("MassMutual", r"^massmutual"), ("Nationwide", r"^nationwide"), ("Voya", r"^voya"), ("Ally", r"^ally(-|$)"), ("PNC", r"^pnc"),
          ("Truist", r"^truist"), ("Goldman Sachs", r"^(goldman|marcus)"), ("Robinhood", r"^robinhood"), ("USAA", r"^usaa"), ("ADP", r"^adp")]

def brand(row):
    for name, pattern in BRANDS:
        if re.match(pattern, row["id"]) and int(row["popularity_tier"]) <= 4:
            return name
    return row["name"]

source, target = sys.argv[1:]
rows = list(csv.DictReader(open(source, encoding="utf-8"), delimiter="\t", quoting=csv.QUOTE_NONE))
# mtime 0: the same facts give the same bytes
with open(target, "wb") as raw, gzip.GzipFile(fileobj=raw, mode="wb", compresslevel=9, mtime=0, filename="") as out:
    out.write(b"id\tbrand\tname\talso_known_as\tkind\tpurpose\thome_url\tlogin_url\tplace\tpopularity\tregulator_id\n")
    for row in rows:
        place = ", ".join(part for part in (row["city"], row["state"]) if part)
        fields = [row["id"], brand(row), row["name"], row["also_known_as"], KIND[row["kind"]], PURPOSE.get(row["kind"], ""), row["home_url"],
                  row["login_url"] or row["home_url"], place, row["popularity_tier"], row["regulator_id"]]
        out.write(("\t".join(fields) + "\n").encode())
