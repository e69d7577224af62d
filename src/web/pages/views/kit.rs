//! What every page shares: the frame, a form, a field, a moment.

use jiff::Timestamp;
use jiff::tz::TimeZone;

/// The frame around a page: whose house it is, who is in it, and where they are.
#[derive(Clone, Debug, Default)]
pub struct Chrome {
    /// The space's name, or the installation's when there is no space yet; the wordmark and every title show it.
    pub space_name: String,
    /// Path of a same-origin style sheet with the space's own `--brand` colours, loaded after the kit.
    pub brand_sheet: Option<String>,
    /// Path of the space's own logo, which then stands in the place of the mark.
    pub space_logo: Option<String>,
    /// Who is signed in; without it the frame offers to sign in.
    pub signed_in: Option<Who>,
    /// Where the frame offers to sign in, if that leads on to an application; else the page of sign-in as it is.
    pub sign_in_href: Option<String>,
    /// Which entry of the navigation this page is.
    pub here: Here,
    /// The id of this request (W-04), shown where something went wrong.
    pub request_id: String,
    /// Where people write for help (seeds 1 and 3).
    pub support_email: String,
    /// Where Borrower Services partners register (seed 1).
    pub business_email: String,
    /// A strip at the top says that nothing here is real.
    pub sandbox: bool,
    /// No mail leaves here: what would be sent is handed over by the administrators.
    pub no_mail: bool,
}

/// A person, as the pages name them.
#[derive(Clone, Debug, Default)]
pub struct Who {
    /// Full name.
    pub name: String,
    /// Login email.
    pub email: String,
}

impl Who {
    /// One or two letters to stand for a face: of the first and the last word of the name, else of the email.
    pub fn initials(&self) -> String {
        let mut words = self.name.split_whitespace();
        let first = words.next().or(Some(self.email.as_str()));
        first.into_iter().chain(words.next_back()).filter_map(first_letter).collect()
    }
}

/// The letter that stands for a thing without a logo; a middle dot for a thing without a name.
pub(super) fn initial(name: &str) -> String {
    first_letter(name).unwrap_or_else(|| "·".to_owned())
}

fn first_letter(word: &str) -> Option<String> {
    word.chars().find(|c| c.is_alphanumeric()).map(|c| c.to_uppercase().collect())
}

/// The entries of the navigation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Here {
    /// None of them.
    #[default]
    Elsewhere,
    /// My account, settings included.
    Account,
    /// API settings.
    ApiSettings,
    /// Connected apps.
    ConnectedApps,
    /// Documentation.
    Docs,
}

/// Where a form goes and what travels with it unseen.
#[derive(Clone, Debug, Default)]
pub struct Form {
    /// Path that takes the POST.
    pub action: String,
    /// Value of the hidden `form_token` (W-02).
    pub token: String,
    /// Further hidden fields, such as the sealed request that a sign-in returns to.
    pub hidden: Vec<Hidden>,
    /// Does it come back since the page it was sent from had been open for too long? (W-02)
    pub stale: bool,
}

/// A hidden field.
#[derive(Clone, Debug)]
pub struct Hidden {
    /// Its name.
    pub name: &'static str,
    /// Its value.
    pub value: String,
}

/// One field of a form: what was typed, and what is wrong with it in words. Passwords are never put back.
#[derive(Clone, Debug, Default)]
pub struct Field {
    /// What was typed.
    pub value: String,
    /// What to mend, as a sentence that can stand alone beside the field.
    pub error: Option<String>,
}

impl Field {
    /// A field that holds `value` and has nothing wrong with it.
    pub fn of(value: impl Into<String>) -> Self {
        Self { value: value.into(), error: None }
    }

    /// A field that keeps what was typed and says what to mend.
    pub fn wrong(value: impl Into<String>, error: impl Into<String>) -> Self {
        Self { value: value.into(), error: Some(error.into()) }
    }
}

/// Whether any of `fields` has something to mend, so that a title can say so before anything else is read.
pub(super) fn any_wrong(fields: &[&Field]) -> bool {
    fields.iter().any(|field| field.error.is_some())
}

/// A moment: relative for people, exact on hover, machine-readable beneath.
#[derive(Clone, Debug)]
pub struct When {
    /// For `datetime`: RFC 3339, UTC, whole seconds.
    pub machine: String,
    /// For `title`: `2026-11-22 08:15:00 UTC`, the same in every language.
    pub exact: String,
    /// How far off it is, in the units people use.
    pub ago: Ago,
    /// 1 (Monday) to 7.
    pub weekday: i8,
    /// 1 to 31.
    pub day: i8,
    /// 1 to 12.
    pub month: i8,
    /// Four digits.
    pub year: i16,
    /// `08:15`, UTC.
    pub clock: String,
}

/// How far off a moment is. The template has the words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ago {
    /// Less than a minute, either way.
    Now,
    /// Whole minutes past.
    Minutes(i64),
    /// Whole hours past.
    Hours(i64),
    /// Whole days past, up to six.
    Days(i64),
    /// Whole minutes to come.
    InMinutes(i64),
    /// Whole hours to come.
    InHours(i64),
    /// Whole days to come, up to sixty.
    InDays(i64),
    /// Too far off for anything but the date.
    Date,
}

impl When {
    /// `at` seen from `now`, both microseconds since 1970 (UTC). Whatever lies outside of the calendar is shown as its
    /// end.
    pub fn new(at: i64, now: i64) -> Self {
        let stamp = Timestamp::from_second(at.div_euclid(1_000_000)).unwrap_or(Timestamp::MAX);
        let date = stamp.to_zoned(TimeZone::UTC);
        Self {
            machine: stamp.to_string(),
            exact: date.strftime("%Y-%m-%d %H:%M:%S UTC").to_string(),
            ago: Ago::between(at, now),
            weekday: date.weekday().to_monday_one_offset(),
            day: date.day(),
            month: date.month(),
            year: date.year(),
            clock: date.strftime("%H:%M").to_string(),
        }
    }
}

impl Ago {
    fn between(at: i64, now: i64) -> Self {
        const MINUTE: i64 = 60;
        const HOUR: i64 = 60 * MINUTE;
        const DAY: i64 = 24 * HOUR;
        let past = now.saturating_sub(at) / 1_000_000;
        match past {
            ..=-1 => match -past {
                0..MINUTE => Self::Now,
                s @ MINUTE..HOUR => Self::InMinutes(s / MINUTE),
                s @ HOUR..DAY => Self::InHours(s / HOUR),
                // What was set to thirty days a moment ago is in thirty days, not in twenty-nine.
                s if s < 61 * DAY => Self::InDays((s + HOUR / 2) / DAY),
                _ => Self::Date,
            },
            0..MINUTE => Self::Now,
            s @ MINUTE..HOUR => Self::Minutes(s / MINUTE),
            s @ HOUR..DAY => Self::Hours(s / HOUR),
            s if s < 7 * DAY => Self::Days(s / DAY),
            _ => Self::Date,
        }
    }
}

/// The kinds of application (B-01).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AppKind {
    /// An individual's own account.
    Personal,
    /// An institution's own account.
    Institutional,
    /// A third-party agent's.
    Agent,
    /// Login with Prosper.
    Login,
    /// Borrower Services.
    Partner,
    /// A resource server that may introspect.
    Api,
}

/// How an application stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AppState {
    /// It works.
    Active,
    /// Its owner or staff switched it off.
    Disabled,
    /// Its owner's agent role has ended, and with it everything the app could do.
    RoleEnded,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_told_in_the_units_people_use() {
        let second = 1_000_000;
        let now = 1_795_335_300 * second; // 2026-11-22 08:15:00 UTC
        let told = |seconds: i64| When::new(now + seconds * second, now).ago;
        assert_eq!(told(0), Ago::Now);
        assert_eq!(told(-59), Ago::Now);
        assert_eq!(told(-60), Ago::Minutes(1));
        assert_eq!(told(-7_200), Ago::Hours(2));
        assert_eq!(told(-86_400), Ago::Days(1));
        assert_eq!(told(-8 * 86_400), Ago::Date);
        assert_eq!(told(3_600), Ago::InHours(1));
        assert_eq!(told(30 * 86_400), Ago::InDays(30));
        assert_eq!(told(30 * 86_400 - 300), Ago::InDays(30));
        assert_eq!(told(2 * 86_400 - 7_200), Ago::InDays(1));
        assert_eq!(told(400 * 86_400), Ago::Date);
        let when = When::new(now, now);
        assert_eq!(when.machine, "2026-11-22T08:15:00Z");
        assert_eq!(when.exact, "2026-11-22 08:15:00 UTC");
        assert_eq!((when.weekday, when.day, when.month, when.year, when.clock.as_str()), (7, 22, 11, 2026, "08:15"));
        assert_eq!(When::new(i64::MAX, 0).ago, Ago::Date);
        assert_eq!(When::new(i64::MIN, i64::MAX).ago, Ago::Date);
    }

    #[test]
    fn a_face_is_one_or_two_letters() {
        let of = |name: &str| Who { name: name.into(), email: "ada@example.com".into() }.initials();
        assert_eq!(of("Ada Lovelace"), "AL");
        assert_eq!(of("Ada King Lovelace"), "AL");
        assert_eq!(of("ada"), "A");
        assert_eq!(of(""), "A");
        assert_eq!(of("<img src=x>"), "IS");
    }
}
