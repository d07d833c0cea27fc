//! Who may do what.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// Also a parent: the one whose students are booked.
    Student,
    Teacher,
    /// 运营
    Operator,
    Admin,
    /// Whoever runs the org.
    Owner,
}

impl Role {
    pub const ALL: [Self; 5] = [Self::Student, Self::Teacher, Self::Operator, Self::Admin, Self::Owner];

    pub fn name(self) -> &'static str {
        match self {
            Self::Student => "student",
            Self::Teacher => "teacher",
            Self::Operator => "operator",
            Self::Admin => "admin",
            Self::Owner => "owner",
        }
    }

    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|r| r.name() == name)
    }

    fn bit(self) -> u8 {
        match self {
            Self::Student => 1,
            Self::Teacher => 2,
            Self::Operator => 4,
            Self::Admin => 8,
            Self::Owner => 16,
        }
    }
}

/// A set of roles.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct Roles(u8);

impl Roles {
    pub fn has(self, role: Role) -> bool {
        self.0 & role.bit() != 0
    }

    pub fn with(self, role: Role) -> Self {
        Self(self.0 | role.bit())
    }

    pub fn names(self) -> Vec<&'static str> {
        Role::ALL.into_iter().filter(|r| self.has(*r)).map(Role::name).collect()
    }

    /// Works for the whole org: may see and change everybody's bookings.
    pub fn is_staff(self) -> bool {
        self.has(Role::Operator) || self.has(Role::Admin) || self.has(Role::Owner)
    }

    pub fn may(self, action: Action) -> bool {
        let teacher = self.has(Role::Teacher);
        let admin = self.has(Role::Admin) || self.has(Role::Owner);
        let owner = self.has(Role::Owner);
        match action {
            Action::PlanOwnClasses => teacher || self.is_staff(),
            Action::PlanAnyClass
            | Action::RunWaitlists
            | Action::BookForAnyone
            | Action::TakePayments
            | Action::SeeDeliveries
            | Action::SeeAccounts
            | Action::WatchServer => self.is_staff(),
            Action::MoveClock | Action::MakePeople | Action::ManageAccounts => admin,
            Action::NameAdmins => owner,
        }
    }
}

/// What a role decides; whose record it is, is asked separately.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Courses and schedules of one's own.
    PlanOwnClasses,
    PlanAnyClass,
    /// Sizes of waitlists, offers by hand.
    RunWaitlists,
    BookForAnyone,
    TakePayments,
    /// What was sent to whom, and sending it again.
    SeeDeliveries,
    SeeAccounts,
    /// How it does, and whether its rows are sound.
    WatchServer,
    /// Roles, and who may log in.
    ManageAccounts,
    /// Who is an admin or an owner.
    NameAdmins,
    /// Demo mode.
    MoveClock,
    MakePeople,
}

impl From<Role> for Roles {
    fn from(role: Role) -> Self {
        Self(role.bit())
    }
}

impl FromIterator<Role> for Roles {
    fn from_iter<I: IntoIterator<Item = Role>>(roles: I) -> Self {
        roles.into_iter().fold(Self::default(), Self::with)
    }
}

impl fmt::Debug for Roles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.names()).finish()
    }
}

impl Serialize for Roles {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        self.names().serialize(s)
    }
}

impl<'de> Deserialize<'de> for Roles {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let names = Vec::<String>::deserialize(d)?;
        names.iter().map(|n| Role::named(n).ok_or_else(|| de::Error::custom("unknown role"))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_may_do_what() {
        let table = [
            (Action::PlanOwnClasses, "teacher operator admin owner"),
            (Action::PlanAnyClass, "operator admin owner"),
            (Action::RunWaitlists, "operator admin owner"),
            (Action::BookForAnyone, "operator admin owner"),
            (Action::TakePayments, "operator admin owner"),
            (Action::SeeDeliveries, "operator admin owner"),
            (Action::SeeAccounts, "operator admin owner"),
            (Action::WatchServer, "operator admin owner"),
            (Action::ManageAccounts, "admin owner"),
            (Action::NameAdmins, "owner"),
            (Action::MoveClock, "admin owner"),
            (Action::MakePeople, "admin owner"),
        ];
        for (action, expected) in table {
            let may: Vec<_> = Role::ALL.into_iter().filter(|r| Roles::from(*r).may(action)).map(Role::name).collect();
            assert_eq!(may.join(" "), expected, "{action:?}");
        }
        assert!(!Roles::default().may(Action::PlanOwnClasses));
    }
}
