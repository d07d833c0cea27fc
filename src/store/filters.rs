//! The conditions of a list, each with what it is compared with.

use super::sql::Arg;

/// All of them hold for every row of the list.
#[derive(Clone, Default)]
pub struct Filters {
    texts: Vec<String>,
    args: Vec<Arg>,
}

impl Filters {
    /// `?` in `filter` becomes the argument's placeholder, wherever it stands.
    pub fn and(&mut self, filter: &str, arg: impl Into<Arg>) {
        let place = self.bind(arg);
        self.texts.push(filter.replace('?', &place));
    }

    /// One that is compared with nothing from outside.
    pub fn and_always(&mut self, filter: &str) {
        self.texts.push(filter.to_owned());
    }

    /// `column` is one of these; none when there are none.
    pub fn and_one_of<A: Into<Arg>>(&mut self, column: &str, any: impl IntoIterator<Item = A>) {
        let places: Vec<String> = any.into_iter().map(|arg| self.bind(arg)).collect();
        self.texts.push(if places.is_empty() { "1 = 0".into() } else { format!("{column} in ({})", places.join(",")) });
    }

    /// Any of the columns has this text in it, in whatever case.
    pub fn and_part_of(&mut self, columns: &[&str], text: &str) {
        let part = text.to_lowercase().replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
        let place = self.bind(format!("%{part}%"));
        let like = columns.iter().map(|c| format!("lower(coalesce({c}, '')) like {place} escape '\\'"));
        self.texts.push(format!("({})", like.collect::<Vec<_>>().join(" or ")));
    }

    /// The placeholder of one more argument.
    pub fn bind(&mut self, arg: impl Into<Arg>) -> String {
        self.args.push(arg.into());
        format!("${}", self.args.len())
    }

    /// What stands behind `where`.
    pub fn sql(&self) -> String {
        if self.texts.is_empty() { "1 = 1".to_owned() } else { self.texts.join(" and ") }
    }

    pub fn args(&self) -> Vec<Arg> {
        self.args.clone()
    }
}
