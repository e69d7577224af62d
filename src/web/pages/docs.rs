//! `/docs`: what developers need, on one page. `/docs/errors`: every refusal, what makes it happen and the way out, made
//! from the tables that the server answers by.

use super::super::answer::{Answer, Trouble};
use super::super::visitor::Visit;
use super::views::{Developers, ErrorCatalogue, ErrorRow, ErrorTable, Here};
use crate::contract::catalogue::{self, Catalogue, catalogue, explain};
use crate::contract::table::Later;

/// `GET /docs`
pub async fn developers(visit: Visit) -> Answer {
    let settings = &visit.p().settings;
    let view = Developers {
        chrome: visit.chrome(Here::Docs),
        public_url: settings.public_url.as_str().to_owned(),
        sample_resource: settings.sample_resource,
        tables: tables().into_iter().map(|table| (table.id, table.title)).collect(),
    };
    visit.page(200, &view)
}

/// `GET /docs/errors`
pub async fn errors(visit: Visit) -> Answer {
    visit.page(200, &ErrorCatalogue { chrome: visit.chrome(Here::Docs), tables: tables() })
}

fn tables() -> Vec<ErrorTable> {
    let mut tables: Vec<_> = catalogue().iter().map(table).collect();
    tables.push(anywhere());
    tables
}

fn table(table: &Catalogue) -> ErrorTable {
    let row = |(number, row): (usize, &crate::contract::table::Row)| {
        let (cause, remedy) = explain(*row).unwrap_or_default();
        let bare = format!("\"{}\"", row.reason);
        ErrorRow {
            id: format!("{}-{}", table.id, number + 1),
            error: if table.bare { bare } else { row.code.to_owned() },
            reason: if table.bare { String::new() } else { row.reason.to_owned() },
            status: row.status,
            cause: cause.to_owned(),
            remedy: remedy.to_owned(),
        }
    };
    ErrorTable {
        id: table.id.to_owned(),
        title: table.title.to_owned(),
        surface: table.surface.to_owned(),
        rows: table.rows.iter().enumerate().map(row).collect(),
    }
}

/// What every surface says in its own shape (W-06); as `/v1` says it.
fn anywhere() -> ErrorTable {
    let troubles = [
        Trouble::NotFound,
        Trouble::Method(""),
        Trouble::TooLarge,
        Trouble::Later(Later::too_many(1)),
        Trouble::Unavailable,
        Trouble::Broken,
    ];
    let rows = troubles.into_iter().zip(catalogue::ANYWHERE);
    let row = |(number, (trouble, (cause, remedy))): (usize, (Trouble, (&str, &str)))| ErrorRow {
        id: format!("anywhere-{}", number + 1),
        error: trouble.code().to_owned(),
        reason: trouble.words().to_owned(),
        status: trouble.status(),
        cause: cause.to_owned(),
        remedy: remedy.to_owned(),
    };
    ErrorTable {
        id: "anywhere".to_owned(),
        title: catalogue::ANYWHERE_TITLE.to_owned(),
        surface: catalogue::ANYWHERE_SURFACE.to_owned(),
        rows: rows.enumerate().map(row).collect(),
    }
}
