//! Adds up a list of payments from standard input: for each account, what is left. You don't change this file.
//!
//! A line is `in ACCOUNT AMOUNT`, `out ACCOUNT AMOUNT` or `move FROM TO AMOUNT FEE`; the account `bank` gets the fees.

mod crash;

use std::collections::BTreeMap;
use std::io;
use std::process::ExitCode;

/// What is in each account, in cents.
type Accounts = BTreeMap<String, i64>;

fn main() -> ExitCode {
    crash::report_panics();
    match run() {
        Ok(accounts) => {
            for (account, cents) in accounts {
                let sign = if cents < 0 { "-" } else { "" };
                println!("{account}: {sign}{}.{:02}", cents.abs() / 100, cents.abs() % 100);
            }
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("ledger: {error}");
            ExitCode::from(2)
        }
    }
}

fn run() -> Result<Accounts, String> {
    let mut accounts = Accounts::new();
    for (number, line) in io::stdin().lines().enumerate() {
        let line = line.map_err(|error| error.to_string())?;
        let words: Vec<&str> = line.split_whitespace().collect();
        match words.as_slice() {
            [] => {}
            ["in", account, amount] => deposit(&mut accounts, account, amount),
            ["out", account, amount] => withdraw(&mut accounts, account, amount),
            ["move", from, to, amount, fee] => transfer(&mut accounts, from, to, [amount, fee]),
            _ => return Err(format!("line {}: not understood: {line}", number + 1)),
        }
    }
    Ok(accounts)
}

// `inline(never)` keeps these functions apart at every opt-level, so that each one has addresses of its own.

#[inline(never)]
fn deposit(accounts: &mut Accounts, account: &str, amount: &str) {
    *accounts.entry(account.to_owned()).or_default() += cents(amount);
}

#[inline(never)]
fn withdraw(accounts: &mut Accounts, account: &str, amount: &str) {
    *accounts.entry(account.to_owned()).or_default() -= cents(amount);
}

#[inline(never)]
fn transfer(accounts: &mut Accounts, from: &str, to: &str, [amount, fee]: [&str; 2]) {
    let amount = cents(amount);
    let fee = cents(fee);
    *accounts.entry(from.to_owned()).or_default() -= amount + fee;
    *accounts.entry(to.to_owned()).or_default() += amount;
    *accounts.entry("bank".to_owned()).or_default() += fee;
}

/// Reads an amount such as `12.50`.
#[inline(never)]
fn cents(amount: &str) -> i64 {
    let (units, cents) = amount.split_once('.').expect("an amount has two digits after the point");
    100 * units.parse::<i64>().unwrap_or_default() + cents.parse::<i64>().unwrap_or_default()
}
