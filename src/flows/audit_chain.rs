//! The chain over the audit log: made batch by batch, and checked from its first seal to its last.
//!
//! Sealing, every few seconds, beside everything else:
//! 1. Read the rows that no seal covers.
//! 2. Compute the seal over them and the seal before.
//! 3. Write it, and its number into those rows. Whoever else was faster has done the work.
//!
//! What was before, what is after and the network address are sealed by salted digests (`store::audit_digests`), so that they
//! can be withheld of a person who is erased.
//!
//! Checking:
//! 1. Walk the seals by number; each is computed anew over the rows that name it.
//! 2. A seal that does not fit says whether rows are missing, were added, or were altered.
//! 3. Rows that name a seal there is not, and numbers that are left out, are found as well; and rows of which something is
//!    withheld although the log says of nobody whom they are about that they were erased.
//!
//! What this cannot see: rows that were removed before they were sealed, and the newest seals removed together with their
//! rows. Against the second, keep what a check answers as its head elsewhere, and hand it to the next check.

use std::collections::HashMap;

use crate::crypto::chain::ChainKey;
use crate::fault::Fault;
use crate::prosper::Prosper;
use crate::store::audit::AuditRow;
use crate::store::audit_digests;
use crate::store::audit_seals::AuditSeal;

/// The most rows under one seal.
const BATCH: i64 = 500;
/// Seals read at one time.
const PAGE: i64 = 200;

/// Seals what is not sealed yet, a batch; answers how many rows that were. Call it again until it answers 0.
///
/// # Errors
/// The store cannot be read or written.
pub async fn seal_audit(p: &Prosper) -> Result<usize, Fault> {
    let mut rows = p.store.unsealed_audit(BATCH).await?;
    for row in &mut rows {
        (row.salt, row.withheld) = (Some(p.entropy.bytes()), None);
    }
    let (Some(first), Some(last)) = (rows.first(), rows.last()) else { return Ok(0) };
    let before = p.store.last_audit_seal().await?;
    let previous = before.as_ref().map_or([0; 32], |seal| seal.mac);
    let mut seal = AuditSeal {
        number: before.map_or(1, |seal| seal.number + 1),
        from_id: first.id,
        to_id: last.id,
        row_count: i64::try_from(rows.len()).map_err(Fault::internal)?,
        sealed_at: p.now(),
        mac: [0; 32],
    };
    seal.mac = p.chain.seal(&previous, &content(&seal, &rows));
    let sealed = rows.len();
    p.store.seal_audit(seal, rows).await?;
    Ok(sealed)
}

/// What a check found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verdict {
    /// How many seals there are.
    pub seals: i64,
    /// How many rows they cover.
    pub rows: i64,
    /// How many rows no seal covers yet.
    pub unsealed: i64,
    /// Of how many rows something is withheld, since somebody is erased.
    pub withheld: i64,
    /// The newest seal: keep it elsewhere, and hand it to the next check.
    pub head: Option<String>,
    /// What is wrong; empty when all is well.
    pub findings: Vec<Finding>,
}

/// Something that does not fit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Finding {
    /// Rows of a batch are gone.
    RowsMissing {
        /// Which.
        seal: AuditSeal,
        /// How many.
        count: i64,
    },
    /// A batch has rows that it was not made of.
    RowsAdded {
        /// Which.
        seal: AuditSeal,
        /// How many.
        count: i64,
    },
    /// Something in a batch, or the seal itself, is not as it was sealed.
    Altered {
        /// Which.
        seal: AuditSeal,
    },
    /// These seals are gone.
    SealsMissing {
        /// The first.
        from: i64,
        /// The last.
        to: i64,
    },
    /// Rows that name a seal that there is not.
    StrayRows {
        /// How many.
        count: i64,
    },
    /// Rows of which something is withheld, and nobody whom they are about is erased.
    Withheld {
        /// Of which batch.
        seal: AuditSeal,
        /// How many.
        count: i64,
    },
    /// The head of an earlier check is not in the chain: its end was cut off or made anew.
    HeadGone,
}

impl std::fmt::Display for Finding {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let place = |seal: &AuditSeal| {
            format!("seal {} (rows {} to {}, sealed {})", seal.number, seal.from_id, seal.to_id, seal.sealed_at)
        };
        match self {
            Self::RowsMissing { seal, count } => write!(f, "{}: {count} of its rows are missing", place(seal)),
            Self::RowsAdded { seal, count } => write!(f, "{}: {count} rows were added to it", place(seal)),
            Self::Altered { seal } => write!(f, "{}: a row of it, or the seal, was altered", place(seal)),
            Self::SealsMissing { from, to } => write!(f, "the seals {from} to {to} are missing"),
            Self::StrayRows { count } => write!(f, "{count} rows name a seal that there is not"),
            Self::Withheld { seal, count } => {
                write!(f, "{}: of {count} rows something is withheld, and nobody is erased there", place(seal))
            }
            Self::HeadGone => f.write_str("the head of the earlier check is not in the chain: its end was cut off"),
        }
    }
}

/// Checks the whole chain, and that `known`, the head of an earlier check, is still part of it.
///
/// # Errors
/// The store cannot be read.
pub async fn verify_audit(known: Option<&str>, p: &Prosper) -> Result<Verdict, Fault> {
    let mut verdict = Verdict::default();
    let (mut last, mut previous, mut met) = (0, [0; 32], false);
    let mut erased = HashMap::new();
    loop {
        let seals = p.store.audit_seals(last, PAGE).await?;
        for seal in &seals {
            if seal.number > last + 1 {
                verdict.findings.push(Finding::SealsMissing { from: last + 1, to: seal.number - 1 });
            }
            let rows = p.store.sealed_audit(seal.number).await?;
            verdict.findings.extend(judge(seal, &rows, &previous, &p.chain));
            let (of_erased, of_nobody) = withheld(&rows, &mut erased, p).await?;
            verdict.withheld += of_erased;
            if of_nobody > 0 {
                verdict.findings.push(Finding::Withheld { seal: seal.clone(), count: of_nobody });
            }
            verdict.rows += i64::try_from(rows.len()).unwrap_or(i64::MAX);
            verdict.seals += 1;
            met |= known.is_some_and(|known| known == head(seal));
            verdict.head = Some(head(seal));
            (last, previous) = (seal.number, seal.mac);
        }
        if seals.is_empty() {
            break;
        }
    }
    let (strays, unsealed) = p.store.loose_audit().await?;
    if strays > 0 {
        verdict.findings.push(Finding::StrayRows { count: strays });
    }
    if known.is_some() && !met {
        verdict.findings.push(Finding::HeadGone);
    }
    verdict.unsealed = unsealed;
    Ok(verdict)
}

/// Of how many rows something is withheld: of those about somebody who is erased, and of others.
async fn withheld(rows: &[AuditRow], erased: &mut HashMap<String, bool>, p: &Prosper) -> Result<(i64, i64), Fault> {
    let (mut of_erased, mut of_nobody) = (0, 0);
    for row in rows.iter().filter(|row| row.withheld.is_some()) {
        let mut about_erased = false;
        for name in [&row.trail.actor, &row.subject] {
            // Staff are accounts.
            let subject = name.strip_prefix("staff ").map_or_else(|| name.clone(), |id| format!("account {id}"));
            let known = match erased.get(&subject) {
                Some(known) => *known,
                None => *erased.entry(subject.clone()).or_insert(p.store.is_noted_as_erased(subject).await?),
            };
            about_erased |= known;
        }
        *(if about_erased { &mut of_erased } else { &mut of_nobody }) += 1;
    }
    Ok((of_erased, of_nobody))
}

fn judge(seal: &AuditSeal, rows: &[AuditRow], previous: &[u8; 32], key: &ChainKey) -> Option<Finding> {
    if key.verify(previous, &content(seal, rows), &seal.mac) {
        return None;
    }
    let found = i64::try_from(rows.len()).unwrap_or(i64::MAX);
    let seal = seal.clone();
    Some(match seal.row_count - found {
        count @ 1.. => Finding::RowsMissing { seal, count },
        0 => Finding::Altered { seal },
        more => Finding::RowsAdded { seal, count: -more },
    })
}

/// `12:9f…`: number and seal, short enough to keep on paper.
fn head(seal: &AuditSeal) -> String {
    format!("{}:{}", seal.number, data_encoding::HEXLOWER.encode(&seal.mac[..16]))
}

/// What is sealed: the facts of the seal, and every fact of every row, each with its length before it.
fn content(seal: &AuditSeal, rows: &[AuditRow]) -> Vec<u8> {
    let mut content = Vec::with_capacity(64 + rows.len() * 160);
    for number in [seal.number, seal.from_id, seal.to_id, seal.row_count, seal.sealed_at.micros()] {
        content.extend_from_slice(&number.to_be_bytes());
    }
    let text = |content: &mut Vec<u8>, text: &str| {
        content.extend_from_slice(&(text.len() as u64).to_be_bytes());
        content.extend_from_slice(text.as_bytes());
    };
    for row in rows {
        content.extend_from_slice(&row.id.to_be_bytes());
        content.extend_from_slice(&row.trail.at.micros().to_be_bytes());
        let trail = &row.trail;
        if let Some(digests) = audit_digests::digests(row) {
            // No text is as long as this, so neither kind of row passes for the other.
            content.extend_from_slice(&u64::MAX.to_be_bytes());
            for one in [&trail.actor, &row.action, &row.subject, &trail.request_id] {
                text(&mut content, one);
            }
            content.extend_from_slice(digests.as_flattened());
        } else {
            for one in
                [&trail.actor, &row.action, &row.subject, &row.before, &row.after, &trail.request_id, &trail.address]
            {
                text(&mut content, one);
            }
        }
    }
    content
}
