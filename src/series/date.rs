//! Moments: read from people and environments, shown as mails show them.
//!
//! In: text such as `1700000000 +0100`, `2026-11-23 12:00 +0100` or `Mon, 23 Nov 2026 12:00:00 +0100`. Out:
//! [`Timestamp`] and its mail form. It refuses what git would have to guess at (`yesterday`, local time without a zone
//! is taken as UTC). Calendar arithmetic after H. Hinnant, "chrono-compatible low-level date algorithms".

use crate::series::draft::Timestamp;
use crate::series::error::{Error, Kind, Result};
use std::ops::RangeInclusive;

const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
/// The moments of the years 0 to 9999, which every form can show.
const SECONDS: RangeInclusive<i64> = -62_167_219_200..=253_402_300_799;
const DAYS: [&str; 7] = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];

impl Timestamp {
    /// Read a moment: seconds since 1970 with or without a zone (and a leading `@`), ISO 8601, or the form of mails.
    pub fn parse(text: &str) -> Result<Self> {
        let text = text.trim();
        let read = epoch(text).or_else(|| iso(text)).or_else(|| mail(text));
        read.filter(|moment| SECONDS.contains(&moment.seconds)).ok_or_else(|| {
            Error::new(Kind::BadDate, format!("`{text}` is not a date that can be read")).help(
                "write seconds since 1970, `2026-11-23T12:00:00+01:00` or `Mon, 23 Nov 2026 12:00:00 +0100`",
            )
        })
    }

    /// As in a mail's `Date:`: `Tue, 14 Nov 2023 23:15:20 +0100`, the day not padded.
    pub fn mail_form(self) -> String {
        let local = self.seconds + i64::from(self.offset) * 60;
        let (days, second) = (local.div_euclid(86_400), local.rem_euclid(86_400));
        let (year, month, day) = civil(days);
        format!(
            "{}, {day} {} {year} {:02}:{:02}:{:02} {}",
            DAYS[(days + 4).rem_euclid(7) as usize],
            MONTHS[month as usize - 1],
            second / 3600,
            second / 60 % 60,
            second % 60,
            self.zone()
        )
    }

    /// The zone as git writes it: `+0100`.
    pub fn zone(self) -> String {
        let sign = if self.offset < 0 { '-' } else { '+' };
        let minutes = self.offset.unsigned_abs();
        format!("{sign}{:02}{:02}", minutes / 60, minutes % 60)
    }
}

/// Year, month and day of a number of days since 1970-01-01.
fn civil(days: i64) -> (i64, u32, u32) {
    let z = days + 719_468;
    let era = z.div_euclid(146_097);
    let day_of_era = z.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let day = (day_of_year - (153 * shifted + 2) / 5 + 1) as u32;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 } as u32;
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

/// Days since 1970-01-01 of a date; nothing if there is no such day.
fn days(year: i64, month: u32, day: u32) -> Option<i64> {
    if !(0..=9999).contains(&year) || !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    let y = if month <= 2 { year - 1 } else { year };
    let era = y.div_euclid(400);
    let year_of_era = y.rem_euclid(400);
    let shifted = i64::from(if month > 2 { month - 3 } else { month + 9 });
    let day_of_year = (153 * shifted + 2) / 5 + i64::from(day) - 1;
    let days =
        era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468;
    (civil(days) == (year, month, day)).then_some(days)
}

fn epoch(text: &str) -> Option<Timestamp> {
    let mut words = text.strip_prefix('@').unwrap_or(text).split_ascii_whitespace();
    let digits = words.next()?;
    // Short numbers are years or days to git, not seconds.
    if digits.len() < 5 && !text.starts_with('@') && digits != "0" {
        return None;
    }
    let seconds = digits.parse().ok()?;
    let offset = words.next().map_or(Some(0), zone)?;
    words.next().is_none().then_some(Timestamp { seconds, offset })
}

fn iso(text: &str) -> Option<Timestamp> {
    let (date, rest) = text.split_at_checked(10)?;
    let mut parts = date.split('-');
    let (year, month, day) =
        (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
    let rest = rest.trim_start_matches(['T', ' ']);
    let at = rest.find(['Z', '+', '-', ' ']).unwrap_or(rest.len());
    let (clock, zone_text) = rest.split_at(at);
    moment(days(year, month, day)?, clock, zone_text.trim())
}

fn mail(text: &str) -> Option<Timestamp> {
    let text = text.split_once(',').map_or(text, |(_, rest)| rest);
    let mut words = text.split_ascii_whitespace();
    let day = words.next()?.parse().ok()?;
    let month = words.next()?;
    let month = MONTHS.iter().position(|name| name.eq_ignore_ascii_case(month))? as u32 + 1;
    let year = words.next()?.parse().ok()?;
    let clock = words.next()?;
    let zone_text = words.next().unwrap_or_default();
    words.next().is_none().then(|| moment(days(year, month, day)?, clock, zone_text))?
}

fn moment(days: i64, clock: &str, zone_text: &str) -> Option<Timestamp> {
    let mut seconds = 0;
    let mut unit = 3600;
    for part in clock.split(':').filter(|part| !part.is_empty()) {
        let value: i64 = part.split('.').next()?.parse().ok()?;
        let limit = if unit == 3600 { 24 } else { 60 };
        if !(0..limit).contains(&value) || unit == 0 {
            return None;
        }
        seconds += value * unit;
        unit /= 60;
    }
    let offset = if zone_text.is_empty() { 0 } else { zone(zone_text)? };
    Some(Timestamp { seconds: days * 86_400 + seconds - i64::from(offset) * 60, offset })
}

fn zone(text: &str) -> Option<i32> {
    if text == "Z" || text == "GMT" || text == "UTC" {
        return Some(0);
    }
    let sign = match text.as_bytes().first()? {
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    let digits: String = text[1..].chars().filter(|c| *c != ':').collect();
    if digits.len() != 4 || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let (hours, minutes): (i32, i32) = (digits[..2].parse().ok()?, digits[2..].parse().ok()?);
    (hours < 24 && minutes < 60).then_some(sign * (hours * 60 + minutes))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn forms_of_one_moment() {
        let expected = Timestamp { seconds: 1_700_000_120, offset: 60 };
        for text in [
            "1700000120 +0100",
            "@1700000120 +0100",
            "2023-11-14T23:15:20+01:00",
            "2023-11-14 23:15:20 +0100",
            "Tue, 14 Nov 2023 23:15:20 +0100",
        ] {
            assert_eq!(Timestamp::parse(text).unwrap(), expected, "{text}");
        }
        assert_eq!(expected.mail_form(), "Tue, 14 Nov 2023 23:15:20 +0100");
    }

    #[test]
    fn guesses_are_refused() {
        for text in
            ["", "yesterday", "2023-02-30", "2023-13-01", "12:00", "1700000120 +01", "2023-11-14 25:00"]
        {
            assert_eq!(Timestamp::parse(text).unwrap_err().kind, Kind::BadDate, "{text}");
        }
    }

    #[test]
    fn moments_beyond_the_calendar_are_refused() {
        for text in [
            "@9223372036854775807 +0100",
            "-9223372036854775808 -0100",
            "1 Jan 9223372036854775807 00:00:00 +0000",
            "99999-1-1T00:00:00Z",
        ] {
            assert_eq!(Timestamp::parse(text).unwrap_err().kind, Kind::BadDate, "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "([@+:,. 0-9TZ-]|Jan|\\PC){0,40}") {
            if let Ok(moment) = Timestamp::parse(&text) {
                moment.mail_form();
            }
        }

        #[test]
        fn mail_form_is_read_back(seconds in 0i64..4_102_444_800, offset in -12i32 * 60..14 * 60) {
            let moment = Timestamp { seconds, offset };
            prop_assert_eq!(Timestamp::parse(&moment.mail_form()).unwrap(), moment);
        }
    }
}
