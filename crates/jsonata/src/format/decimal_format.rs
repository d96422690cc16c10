//! The characters and words that `$formatNumber` writes with, and that its pictures are written in.

/// The longest property that is kept, in characters.
const LONGEST: usize = 100;

/// The characters and words of a decimal format. They may be longer than one character where nothing forbids it.
#[derive(Clone, Debug)]
pub(crate) struct DecimalFormat {
    pub(super) decimal_separator: String,
    pub(super) grouping_separator: String,
    pub(super) exponent_separator: String,
    pub(super) infinity: String,
    pub(super) minus_sign: String,
    pub(super) not_a_number: String,
    pub(super) percent: String,
    pub(super) per_mille: String,
    pub(super) zero_digit: String,
    pub(super) digit: String,
    pub(super) pattern_separator: String,
}

impl Default for DecimalFormat {
    fn default() -> DecimalFormat {
        DecimalFormat {
            decimal_separator: ".".to_owned(),
            grouping_separator: ",".to_owned(),
            exponent_separator: "e".to_owned(),
            infinity: "Infinity".to_owned(),
            minus_sign: "-".to_owned(),
            not_a_number: "NaN".to_owned(),
            percent: "%".to_owned(),
            per_mille: "\u{2030}".to_owned(),
            zero_digit: "0".to_owned(),
            digit: "#".to_owned(),
            pattern_separator: ";".to_owned(),
        }
    }
}

impl DecimalFormat {
    /// Sets one property by its name in the XPath specification. Unknown names are ignored, and a
    /// value is cut off after a hundred characters.
    pub(crate) fn set(&mut self, name: &str, value: &str) {
        let property = match name {
            "decimal-separator" => &mut self.decimal_separator,
            "grouping-separator" => &mut self.grouping_separator,
            "exponent-separator" => &mut self.exponent_separator,
            "infinity" => &mut self.infinity,
            "minus-sign" => &mut self.minus_sign,
            "NaN" => &mut self.not_a_number,
            "percent" => &mut self.percent,
            "per-mille" => &mut self.per_mille,
            "zero-digit" => &mut self.zero_digit,
            "digit" => &mut self.digit,
            "pattern-separator" => &mut self.pattern_separator,
            _ => return,
        };
        *property = value.chars().take(LONGEST).collect();
    }

    /// The digit of the family that stands for 0.
    fn zero(&self) -> char {
        self.zero_digit.chars().next().unwrap_or('0')
    }

    /// The digit of the family that stands for a digit from 0 to 9.
    pub(super) fn family(&self, digit: u32) -> char {
        char::from_u32(u32::from(self.zero()) + digit).unwrap_or('\u{fffd}')
    }

    /// Whether the character is a digit of the family.
    pub(super) fn is_family(&self, character: char) -> bool {
        let zero = u32::from(self.zero());
        (zero..zero + 10).contains(&u32::from(character))
    }

    /// Whether the character is an optional digit.
    pub(super) fn is_optional(&self, character: char) -> bool {
        is(&self.digit, character)
    }

    /// Whether the character stands for a digit, optional or not.
    pub(super) fn is_digit(&self, character: char) -> bool {
        self.is_family(character) || self.is_optional(character)
    }

    /// Characters that mean something, but for the exponent separator, which may also be part of a word.
    pub(super) fn is_firmly_active(&self, character: char) -> bool {
        !is(&self.exponent_separator, character)
            && (self.is_digit(character)
                || is(&self.decimal_separator, character)
                || is(&self.grouping_separator, character)
                || is(&self.pattern_separator, character))
    }

    /// Whether the character means something.
    pub(super) fn is_active(&self, character: char) -> bool {
        self.is_firmly_active(character) || is(&self.exponent_separator, character)
    }
}

/// Whether a property is this one character.
fn is(property: &str, character: char) -> bool {
    let mut characters = property.chars();
    characters.next() == Some(character) && characters.next().is_none()
}
