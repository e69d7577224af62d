//! The chain over the audit log: rows that are altered, removed or added are found.

use prosper::fault::Fault;
use prosper::flows::audit_chain::{Finding, seal_audit, verify_audit};
use prosper::store::engine::{Tx, Unit};

use crate::prosper::Prosper;

/// What somebody who can write the database, and has no key, does to it.
struct Tamper(&'static str);

impl Unit for Tamper {
    type Out = u64;

    async fn run(&self, tx: &mut Tx) -> Result<u64, Fault> {
        tx.execute(self.0, &[]).await
    }
}

impl Prosper {
    /// A log of three batches.
    async fn sealed_log(&self) {
        for batch in 0..3 {
            for number in 0..3 {
                self.investor(&format!("i{batch}{number}@example.com")).await;
            }
            while seal_audit(&self.p).await.expect("sealed") > 0 {}
        }
        assert_eq!(self.findings().await, Vec::new());
    }

    async fn findings(&self) -> Vec<Finding> {
        verify_audit(None, &self.p).await.expect("read").findings
    }

    async fn tamper(&self, sql: &'static str) {
        assert!(self.p.store.write(Tamper(sql)).await.expect("written") > 0, "{sql}");
    }
}

#[tokio::test]
async fn a_log_that_nobody_touched_is_whole_and_what_is_new_waits_for_its_seal() {
    let p = Prosper::start().await;
    p.sealed_log().await;
    let verdict = verify_audit(None, &p.p).await.expect("read");
    assert_eq!((verdict.seals, verdict.unsealed), (3, 0));
    assert!(verdict.rows >= 9);
    p.investor("new@example.com").await;
    let verdict = verify_audit(verdict.head.as_deref(), &p.p).await.expect("read");
    assert_eq!((verdict.seals, verdict.unsealed, verdict.findings), (3, 1, Vec::new()));
    assert_eq!(seal_audit(&p.p).await.expect("sealed"), 1);
    assert_eq!(seal_audit(&p.p).await.expect("nothing"), 0);
    assert_eq!(p.findings().await, Vec::new());
}

#[tokio::test]
async fn every_fact_of_a_row_that_is_altered_is_found() {
    for alter in [
        "update audit set actor = 'staff 9' where id = 7",
        "update audit set at = at + 1 where id = 7",
        "update audit set action = 'account.statu' where id = 7",
        "update audit set subject = 'account 1' where id = 7",
        "update audit set before = 'x' where id = 7",
        "update audit set after = after || ' ' where id = 7",
        "update audit set request_id = 'x' where id = 7",
        "update audit set address = 'x' where id = 7",
        "update audit set salt = null where id = 7",
        "update audit set salt = (select salt from audit where id = 8) where id = 7",
        // The same letters, cut elsewhere.
        "update audit set action = action || substr(subject, 1, 1), subject = substr(subject, 2) where id = 7",
        "update audit set id = 100000 where id = 7",
    ] {
        let p = Prosper::start().await;
        p.sealed_log().await;
        p.tamper(alter).await;
        let found = p.findings().await;
        assert!(matches!(found.as_slice(), [Finding::Altered { seal }] if seal.number == 2), "{alter}: {found:?}");
    }
}

#[tokio::test]
async fn a_row_that_is_removed_or_added_is_found_in_its_batch() {
    let p = Prosper::start().await;
    p.sealed_log().await;
    p.tamper("delete from audit where id = 7").await;
    let found = p.findings().await;
    assert!(matches!(found.as_slice(), [Finding::RowsMissing { seal, count: 1 }] if seal.number == 2), "{found:?}");

    let p = Prosper::start().await;
    p.sealed_log().await;
    let add = "insert into audit (at, actor, action, subject, seal) select at, 'cli', action, subject, 2 from audit where id = 7";
    p.tamper(add).await;
    let found = p.findings().await;
    assert!(matches!(found.as_slice(), [Finding::RowsAdded { seal, count: 1 }] if seal.number == 2), "{found:?}");

    // Taken out of its batch, so that it would be sealed anew.
    let p = Prosper::start().await;
    p.sealed_log().await;
    p.tamper("update audit set seal = null, after = 'x' where id = 7").await;
    while seal_audit(&p.p).await.expect("sealed") > 0 {}
    let found = p.findings().await;
    assert!(matches!(found.as_slice(), [Finding::RowsMissing { seal, count: 1 }] if seal.number == 2), "{found:?}");
}

#[tokio::test]
async fn a_seal_that_is_removed_altered_or_copied_is_found() {
    let p = Prosper::start().await;
    p.sealed_log().await;
    p.tamper("delete from audit_seals where number = 2").await;
    let found = p.findings().await;
    assert!(found.contains(&Finding::SealsMissing { from: 2, to: 2 }), "{found:?}");
    assert!(found.iter().any(|finding| matches!(finding, Finding::StrayRows { .. })), "{found:?}");

    for alter in [
        "update audit_seals set sealed_at = sealed_at + 1 where number = 2",
        "update audit_seals set from_id = from_id + 1 where number = 2",
        "update audit_seals set mac = (select mac from audit_seals where number = 1) where number = 2",
    ] {
        let p = Prosper::start().await;
        p.sealed_log().await;
        p.tamper(alter).await;
        let found = p.findings().await;
        assert!(matches!(found.first(), Some(Finding::Altered { seal }) if seal.number == 2), "{alter}: {found:?}");
    }
}

#[tokio::test]
async fn an_end_that_was_cut_off_is_found_by_whoever_kept_the_head() {
    let p = Prosper::start().await;
    p.sealed_log().await;
    let head = verify_audit(None, &p.p).await.expect("read").head;
    p.tamper("delete from audit where seal = 3").await;
    p.tamper("delete from audit_seals where number = 3").await;
    assert_eq!(p.findings().await, Vec::new(), "nothing in the database tells");
    let found = verify_audit(head.as_deref(), &p.p).await.expect("read").findings;
    assert_eq!(found, [Finding::HeadGone]);
}

#[tokio::test]
async fn two_sealers_at_once_make_one_chain() {
    let p = Prosper::start().await;
    for number in 0..20 {
        p.investor(&format!("i{number}@example.com")).await;
        let (one, two) = tokio::join!(seal_audit(&p.p), seal_audit(&p.p));
        // Either did the work, or found it done, or is told to come again.
        for outcome in [one, two] {
            assert!(outcome.as_ref().is_ok() || outcome.is_err_and(|fault| fault.passing));
        }
    }
    while seal_audit(&p.p).await.expect("sealed") > 0 {}
    assert_eq!(p.findings().await, Vec::new());
}
