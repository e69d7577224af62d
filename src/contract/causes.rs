//! Why a request ended as it did, for the application's owner, who reads it in words beside the request's id (W-03).
//!
//! The wire says less (`login_with_prosper`, `token_endpoint`): a stranger is told a row of a table, the owner the cause.
//! Each has a name here and is noted and logged in English as it stands; another language is one more list, looked up by
//! these, and [`ALL`] is what such a list has to answer for.

/// What became of it, where nothing went back to the application: it was done, a page said why it cannot be, or the
/// person read where their account stands.
pub const DONE: &str = "ok";
/// See [`DONE`].
pub const WELCOMED: &str = "welcome";
/// See [`DONE`].
pub const STATUS_SHOWN: &str = "account status";

macro_rules! causes {
    ($($name:ident = $text:literal;)*) => {
        $(
            #[doc = concat!("\"", $text, "\"")]
            pub const $name: &str = $text;
        )*
        /// Every cause that has a name of its own.
        pub const ALL: &[&str] = &[$($name),*];
    };
}

causes! {
    CLIENT_ID_UNREADABLE = "client_id is missing, repeated or malformed";
    CLIENT_ID_UNKNOWN = "client_id is unknown";
    CLIENT_ID_OF_NOBODY = "client_id is missing, malformed or unknown";
    CLIENT_SECRET_WRONG = "client_secret is missing, wrong, revoked or past its overlap";
    CLIENT_SECRET_MISSING = "client_secret is missing";
    CLIENT_SECRET_BAD = "client_secret is wrong, revoked or past its overlap";
    APPLICATION_DISABLED = "the application is disabled";
    KIND_WITHOUT_LOGIN = "this kind of application cannot use Login with Prosper";
    KIND_WITHOUT_CODES = "this kind of application cannot exchange codes";
    KIND_WITHOUT_KEYS = "this kind of application cannot ask for authorization keys";
    KIND_WITHOUT_GRANT = "this kind of application cannot use this grant";
    PASSWORD_WRONG = "the username is yours, and the password is not, or it changed meanwhile";
    USERNAME_OF_ANOTHER = "the username is not the email of the application's owner, whom alone it serves";
    USERNAME_LOST_ITS_PLUS = "the username has a blank where the owner's email has a plus sign, which a form carries as %2B";
    REFRESH_TOKEN_MISSING = "refresh_token is missing";
    REFRESH_TOKEN_NOT_OURS = "refresh_token is not one that we issued, letter by letter, or it ended long ago";
    REFRESH_TOKEN_OF_ANOTHER = "refresh_token was issued to another application";
    REFRESH_TOKEN_EXPIRED = "refresh_token is older than ten hours";
    REFRESH_TOKEN_STANDS_ON_NOTHING = "the grant was withdrawn, or the password, the account or the application changed since refresh_token was issued";
    AUTH_KEY_NOT_OURS = "auth_key is not one that we issued, letter by letter, or its grant was withdrawn";
    AUTH_KEY_OF_ANOTHER = "auth_key was issued to another application";
    AUTH_KEY_STANDS_ON_NOTHING = "the investor's account cannot be used now, or the application or its owner's agent role changed";
    OWNER_IS_NO_AGENT = "the owner of the application does not hold the third-party agent role";
    NO_REDIRECT_REGISTERED = "the application has no redirect URL";
    REDIRECT_MISSING = "redirect_uri is missing";
    REDIRECT_REPEATED = "redirect_uri was sent more than once";
    REDIRECT_NOT_THE_ONE = "redirect_uri is not the registered one, byte for byte";
    REDIRECT_NOT_REGISTERED = "redirect_uri is not a registered one, byte for byte up to a question mark, or its query has a name that we add (code, state, error, error_description, iss)";
    REDIRECT_NOT_THE_CODES = "redirect_uri is not the one that the code was sent to, byte for byte";
    NOBODY_SIGNED_IN = "nobody was signed in";
    ANOTHER_SPACE = "the account in use belongs to another space than the application";
    ACCOUNT_NOT_USABLE = "the account in use may not be used";
    CONSENT_ASKED = "consent was asked for";
    APPROVAL_ASKED = "approval was asked for";
    CODE_SENT = "a code was sent";
    CODE_NOT_OURS = "the code is missing, or not one that we issued, letter by letter";
    CODE_OF_ANOTHER = "the code was issued to another application";
    CODE_EXPIRED = "the code is older than five minutes";
    CODE_USED = "the code was used before";
    CODE_FOR_ANOTHER_USE = "the code was issued for another scope or space";
    CODE_STANDS_ON_NOTHING = "the consent was withdrawn, or the account or the application changed since the code was issued";
    VERIFIER_DOES_NOT_FIT = "code_verifier does not fit the code_challenge";
    VERIFIER_MISSING = "the authorization brought a code_challenge, and code_verifier is missing";
    VERIFIER_UNASKED = "code_verifier was sent, and the authorization brought no code_challenge";
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::ALL;

    #[test]
    fn each_cause_has_one_name_and_is_no_sentence_of_its_own() {
        assert_eq!(ALL.iter().collect::<HashSet<_>>().len(), ALL.len(), "one text, one name");
        for cause in ALL {
            assert!(cause.is_ascii() && cause.starts_with(|c: char| c.is_ascii_lowercase()), "{cause}");
            assert!(!cause.ends_with('.'), "{cause}");
        }
    }
}
