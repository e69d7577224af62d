//! What the documents promise on the wire: error tables, bodies, lifetimes, texts. Each fact stands here once; the
//! server, its tests and its documentation are made from it or checked against it (W-05).

#[macro_use]
pub mod table;

pub mod authorization_key;
pub mod catalogue;
pub mod causes;
pub mod lifetimes;
pub mod login_with_prosper;
pub mod malformed;
pub mod refusals;
pub mod token_endpoint;
pub mod well_known;
pub mod words;
