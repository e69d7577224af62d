//! The one colour that a space chooses, and all that is made of it (W-01: every text stays readable).
//!
//! 1. A colour is `#rrggbb`, and dark enough to be read as text on a white card: 4.5 to 1 (WCAG 2.2, 1.4.3).
//! 2. What is written on it, its wash, and its counterpart for dark pages are computed; nobody chooses them, so none of
//!    them can be unreadable.

use super::FieldProblem;

/// A colour that can be a space's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Brand(Rgb);

/// A colour as a screen shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Rgb([u8; 3]);

impl Brand {
    /// Reads `#rrggbb`.
    ///
    /// # Errors
    /// [`FieldProblem::Colour`], or [`FieldProblem::Contrast`] when it is too light to be read.
    pub fn parse(text: &str) -> Result<Self, FieldProblem> {
        let digits = text.trim().strip_prefix('#').filter(|digits| digits.len() == 6).ok_or(FieldProblem::Colour)?;
        let bytes = data_encoding::HEXLOWER_PERMISSIVE.decode(digits.as_bytes()).map_err(|_| FieldProblem::Colour)?;
        let colour = Rgb(bytes.try_into().map_err(|_| FieldProblem::Colour)?);
        // The wash is the darkest thing that the colour is written on.
        if colour.contrast(WHITE) < READABLE || colour.contrast(colour.wash(WHITE)) < READABLE {
            return Err(FieldProblem::Contrast);
        }
        Ok(Self(colour))
    }

    /// `#rrggbb`, lower case.
    pub fn hex(self) -> String {
        self.0.hex()
    }

    /// The style sheet of a space with this colour: the variables of the kit, light and dark, and nothing else.
    pub fn sheet(self) -> String {
        let (light, dark) = (self.0, self.0.for_dark());
        format!(
            ":root{{{}}}\n@media (prefers-color-scheme:dark){{:root{{{}}}}}\n",
            variables(light, light.wash(WHITE)),
            variables(dark, dark.wash(DARK_CARD))
        )
    }
}

fn variables(colour: Rgb, wash: Rgb) -> String {
    format!("--brand:{};--brand-ink:{};--brand-wash:{}", colour.hex(), colour.ink().hex(), wash.hex())
}

impl Rgb {
    fn hex(self) -> String {
        format!("#{}", data_encoding::HEXLOWER.encode(&self.0))
    }

    /// Relative luminance (WCAG 2.2).
    fn luminance(self) -> f64 {
        let linear = |byte: u8| {
            let share = f64::from(byte) / 255.0;
            if share <= 0.040_45 { share / 12.92 } else { ((share + 0.055) / 1.055).powf(2.4) }
        };
        let [red, green, blue] = self.0.map(linear);
        0.2126 * red + 0.7152 * green + 0.0722 * blue
    }

    /// From 1 (the same) to 21 (black on white).
    fn contrast(self, other: Self) -> f64 {
        let (one, two) = (self.luminance(), other.luminance());
        (one.max(two) + 0.05) / (one.min(two) + 0.05)
    }

    /// `percent` of this colour over `ground`.
    fn over(self, ground: Self, percent: u32) -> Self {
        let mix = |top: u8, under: u8| {
            let sum = u32::from(top) * percent + u32::from(under) * (100 - percent);
            u8::try_from((sum + 50) / 100).unwrap_or(u8::MAX)
        };
        Self(std::array::from_fn(|part| mix(self.0[part], ground.0[part])))
    }

    fn wash(self, ground: Self) -> Self {
        self.over(ground, 10)
    }

    /// What is written on a button of this colour.
    fn ink(self) -> Self {
        if self.contrast(WHITE) >= self.contrast(BLACK) { WHITE } else { BLACK }
    }

    /// The same colour as light as it must be to be read on a dark card and on its own wash there.
    fn for_dark(self) -> Self {
        let lighter = (0..=100).step_by(5).map(|percent| WHITE.over(self, percent));
        let readable = |colour: &Self| {
            colour.contrast(DARK_CARD) >= READABLE && colour.contrast(colour.wash(DARK_CARD)) >= READABLE
        };
        lighter.into_iter().find(readable).unwrap_or(WHITE)
    }
}

const WHITE: Rgb = Rgb([255; 3]);
const BLACK: Rgb = Rgb([0; 3]);
/// `--card` of the kit on a dark page.
const DARK_CARD: Rgb = Rgb([0x17, 0x1f, 0x1b]);
/// WCAG 2.2, 1.4.3, for text of any size.
const READABLE: f64 = 4.5;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_colour_is_six_hex_digits_and_dark_enough_to_read() {
        assert_eq!(Brand::parse(" #0B6B4D ").map(Brand::hex), Ok("#0b6b4d".to_owned()));
        for bad in ["", "0b6b4d", "#0b6b4", "#0b6b4dff", "#ggg000", "red", "#0b6b4d;}body{display:none", "#é1234"] {
            assert_eq!(Brand::parse(bad), Err(FieldProblem::Colour), "{bad}");
        }
        for light in ["#ffffff", "#ffcc00", "#4fcf9f", "#808080"] {
            assert_eq!(Brand::parse(light), Err(FieldProblem::Contrast), "{light}");
        }
    }

    #[test]
    fn contrast_is_what_the_standard_says() {
        assert!((WHITE.contrast(BLACK) - 21.0).abs() < 1e-9);
        assert!((Rgb([0x77; 3]).contrast(WHITE) - 4.478).abs() < 1e-3);
    }

    proptest! {
        #[test]
        fn whatever_is_accepted_can_be_read_in_light_and_dark(bytes: [u8; 3]) {
            if let Ok(brand) = Brand::parse(&Rgb(bytes).hex()) {
                let dark = brand.0.for_dark();
                for (colour, card) in [(brand.0, WHITE), (dark, DARK_CARD)] {
                    prop_assert!(colour.contrast(card) >= READABLE);
                    prop_assert!(colour.contrast(colour.wash(card)) >= READABLE);
                    prop_assert!(colour.contrast(colour.ink()) >= READABLE);
                }
                let sheet = brand.sheet();
                prop_assert!(sheet.bytes().all(|b| b.is_ascii_alphanumeric() || b":{}-#;()@ \n".contains(&b)), "{}", sheet);
            }
        }
    }
}
