//! What the user has set: environment and configuration.
//!
//! In: the process's environment, the repository. Out: [`Environment`] and settings by name, in git's order of
//! preference: `git -c` (`GIT_CONFIG_PARAMETERS`), `GIT_CONFIG_COUNT`, then the files as libgit2 reads them.

use super::Repository;
use std::collections::BTreeMap;

/// The variables of a process's environment; a value of its own, so that tests need not change theirs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Environment {
    variables: BTreeMap<String, String>,
}

impl Environment {
    /// This process's. Values that are not UTF-8 are left out.
    pub fn of_process() -> Self {
        let text = |value: std::ffi::OsString| value.into_string().ok();
        Self { variables: std::env::vars_os().filter_map(|(k, v)| Some((text(k)?, text(v)?))).collect() }
    }

    /// A variable.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.variables.get(name).map(String::as_str)
    }

    /// The same with one more variable.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.variables.insert(name.to_owned(), value.to_owned());
        self
    }

    /// Settings given by `GIT_CONFIG_COUNT` and `git -c`, names in lower case as far as git ignores case.
    fn settings(&self) -> Vec<(String, String)> {
        let mut settings = Vec::new();
        let count: usize = self.get("GIT_CONFIG_COUNT").and_then(|n| n.parse().ok()).unwrap_or(0);
        for index in 0..count.min(1000) {
            let key = self.get(&format!("GIT_CONFIG_KEY_{index}"));
            let value = self.get(&format!("GIT_CONFIG_VALUE_{index}"));
            if let (Some(key), Some(value)) = (key, value) {
                settings.push((normal(key), value.to_owned()));
            }
        }
        settings.extend(parameters(self.get("GIT_CONFIG_PARAMETERS").unwrap_or_default()));
        settings
    }
}

/// `'key'='value' 'key=value'`, quoted as a shell would: `'` is written `'\''`.
fn parameters(text: &str) -> Vec<(String, String)> {
    let mut settings = Vec::new();
    let mut rest = text.trim_start();
    while let Some((first, after)) = unquote(rest) {
        if let Some((value, after)) = after.strip_prefix('=').and_then(|after| unquote(after)) {
            settings.push((normal(&first), value));
            rest = after.trim_start();
            continue;
        }
        let (key, value) = first.split_once('=').unwrap_or((&first, "true"));
        settings.push((normal(key), value.to_owned()));
        rest = after.trim_start_matches('=').trim_start();
    }
    settings
}

fn unquote(text: &str) -> Option<(String, &str)> {
    let mut rest = text.strip_prefix('\'')?;
    let mut word = String::new();
    loop {
        let (part, after) = rest.split_once('\'')?;
        word.push_str(part);
        match after.strip_prefix("\\''").or_else(|| after.strip_prefix("\\!'")) {
            Some(next) => {
                word.push(if after.starts_with("\\!") { '!' } else { '\'' });
                rest = next;
            }
            None => return Some((word, after)),
        }
    }
}

/// The first and the last part of a name are lower case; what is between them keeps its case.
fn normal(name: &str) -> String {
    let (Some((section, _)), Some((middle, key))) = (name.split_once('.'), name.rsplit_once('.')) else {
        return name.to_lowercase();
    };
    format!("{}{}.{}", section.to_lowercase(), &middle[section.len()..], key.to_lowercase())
}

impl Repository {
    /// The environment it was opened in.
    pub fn environment(&self) -> &Environment {
        &self.environment
    }

    /// The last value of a setting.
    pub fn setting(&self, name: &str) -> Option<String> {
        self.settings(name).pop()
    }

    /// Every value of a setting, the one with the highest preference last.
    pub fn settings(&self, name: &str) -> Vec<String> {
        let name = normal(name);
        let mut values = Vec::new();
        if let Ok(config) = self.inner.config()
            && let Ok(entries) = config.multivar(&name, None)
        {
            let _ = entries.for_each(|entry| values.extend(entry.value().ok().map(str::to_owned)));
        }
        values.extend(
            self.environment.settings().into_iter().filter(|(key, _)| *key == name).map(|(_, value)| value),
        );
        values
    }

    /// A setting that is yes or no; nothing if it is unset or neither.
    pub fn flag(&self, name: &str) -> Option<bool> {
        self.setting(name).and_then(|value| git2::Config::parse_bool(value.as_str()).ok())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_of_git_c() {
        let settings = parameters("'user.name'='J. '\\''Q'\\'' H' 'Format.SignOff=true' 'core.bare'");
        assert_eq!(
            settings,
            [
                ("user.name".to_owned(), "J. 'Q' H".to_owned()),
                ("format.signoff".into(), "true".into()),
                ("core.bare".into(), "true".into())
            ]
        );
    }

    #[test]
    fn counted_settings() {
        let environment = Environment::default()
            .with("GIT_CONFIG_COUNT", "1")
            .with("GIT_CONFIG_KEY_0", "branch.Topic/A.Description")
            .with("GIT_CONFIG_VALUE_0", "x");
        assert_eq!(environment.settings(), [("branch.Topic/A.description".to_owned(), "x".to_owned())]);
    }
}
