//! The pages: what a person sees.
//!
//! A handler fills a view struct of [`views`] with plain data and renders it; the words stand in `templates/en`, so
//! that another language is another directory, and the look stands in `assets/kit.css`. A page holds no script, no
//! inline style and nothing from elsewhere (W-01), and every value is escaped by its template.

pub mod account;
pub mod agents;
pub mod api_settings;
pub mod app;
pub mod app_more;
pub mod app_profile;
pub mod app_requests;
pub mod brand;
pub mod close;
pub mod connected_apps;
pub mod console;
pub mod docs;
pub mod email;
pub mod finish;
pub mod forgot;
pub mod hand_over;
pub mod institution;
pub mod landing;
pub mod logo;
mod onward;
pub mod password;
pub mod paths;
pub mod person;
pub mod problem;
pub mod reset;
pub mod role;
pub mod sessions;
pub mod setup;
pub mod sign_in;
pub mod sign_out;
pub mod sign_up;
pub mod space_choice;
pub mod standing;
pub mod verify_email;
pub mod views;
pub mod welcome;
