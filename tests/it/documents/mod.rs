//! The three documents, promise by promise: `docs/promises.md` names the test of each.

mod password_flow;
