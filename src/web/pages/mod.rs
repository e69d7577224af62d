//! The pages: what a person sees.
//!
//! A handler fills a view struct of [`views`] with plain data and renders it; the words stand in `templates/en`, so
//! that another language is another directory, and the look stands in `assets/kit.css`. A page holds no script, no
//! inline style and nothing from elsewhere (W-01), and every value is escaped by its template.

pub mod logo;
pub mod paths;
pub mod problem;
pub mod sign_in;
pub mod sign_out;
pub mod standing;
pub mod views;
pub mod welcome;
