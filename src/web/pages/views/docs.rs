//! For developers: where everything stands; and the error catalogue, every row of every table, with its cause and its
//! remedy.

use super::kit::{Chrome, Here};
use askama::Template;

/// `/docs`.
#[derive(Debug, Template)]
#[template(path = "en/docs.html")]
pub struct Developers {
    /// The frame.
    pub chrome: Chrome,
    /// What every path begins with.
    pub public_url: String,
    /// Is there a sample of the API to try a token on?
    pub sample_resource: bool,
    /// Id and heading of each table of errors.
    pub tables: Vec<(String, String)>,
}

/// `/docs/errors`.
#[derive(Debug, Template)]
#[template(path = "en/docs_errors.html")]
pub struct ErrorCatalogue {
    /// The frame.
    pub chrome: Chrome,
    /// One table for each surface, in the documents' order.
    pub tables: Vec<ErrorTable>,
}

/// The errors of one surface.
#[derive(Clone, Debug)]
pub struct ErrorTable {
    /// For links to the table: lower-case letters, digits and hyphens.
    pub id: String,
    /// Its heading.
    pub title: String,
    /// Method and path, such as `POST /v1/security/oauth/token`.
    pub surface: String,
    /// Its rows.
    pub rows: Vec<ErrorRow>,
}

/// One error.
#[derive(Clone, Debug)]
pub struct ErrorRow {
    /// For links to the row: lower-case letters, digits and hyphens; unique on the page.
    pub id: String,
    /// The code, or the whole JSON string where the body is one.
    pub error: String,
    /// The reason, word for word; empty where the body is one string.
    pub reason: String,
    /// HTTP status.
    pub status: u16,
    /// What makes it happen.
    pub cause: String,
    /// What to do about it.
    pub remedy: String,
}
