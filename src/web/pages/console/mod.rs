//! The staff console (`/console`): who may enter, and its pages (W-02; ).
//!
//! 1. The gate stands before the router: whoever is not staff finds nothing here, by any path, method or spelling.
//! 2. Staff who are signed in type their password once more, and get a session of the console's own.
//! 3. A page shows what its reader's role may do; the flows refuse the rest, whatever is sent.

mod accounts;
mod applications;
mod desk;
mod erasures;
mod facts;
mod gate;
mod house;
mod lines;
mod mail;
mod requests;
mod sign_in;
mod spaces;

pub use accounts::{move_status, reset, search as accounts, set_staff, show as account, sign_out};
pub use applications::{
    disable, enable, hand_over, new as new_application, register, search as applications, show as application,
};
pub use erasures::{list as erasures, plan as plan_erasure};
pub use gate::{gate, is_beneath};
pub use house::{audit, keys, rotate};
pub use mail::{again as send_again, list as mail, read as read_mail, show as show_mail};
pub use requests::{decide, queue, show as request};
pub use sign_in::{leave, show as sign_in, submit as open};
pub use spaces::{add as add_space, change as change_space, invite, list as spaces, set_logo, show as space};
