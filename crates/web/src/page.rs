//! What the frame around every page needs: `templates/base.html` reads a [`Page`] named `page`.

use domain::person::Role;

use crate::{Settings, assets, auth::landing, ctx::encoded};

/// The item of the navigation that a page belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Nav {
    Home,
    Accounts,
    Fix,
    Settings,
    Help,
    Households,
    Invitations,
    Requests,
    Institutions,
    Searches,
    /// Pages that are not in the navigation: signing in, invitations, errors.
    Nowhere,
}

impl Nav {
    fn code(self) -> &'static str {
        match self {
            Self::Home => "home",
            Self::Accounts => "accounts",
            Self::Fix => "fix",
            Self::Settings => "settings",
            Self::Help => "help",
            Self::Households => "households",
            Self::Invitations => "invitations",
            Self::Requests => "requests",
            Self::Institutions => "institutions",
            Self::Searches => "searches",
            Self::Nowhere => "",
        }
    }
}

/// The colours that a person chose for this browser.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Theme {
    /// As the device is set.
    #[default]
    Device,
    Light,
    Dark,
}

impl Theme {
    /// All, in the order in which the settings list them.
    pub(crate) const ALL: [Self; 3] = [Self::Device, Self::Light, Self::Dark];

    /// The stable code: of the cookie, the form and `data-theme`.
    pub(crate) fn code(self) -> &'static str {
        match self {
            Self::Device => "device",
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }

    /// The theme of a code; anything else is the device's.
    pub(crate) fn from_code(code: &str) -> Self {
        Self::ALL.into_iter().find(|theme| theme.code() == code).unwrap_or_default()
    }

    /// For the settings.
    pub(crate) fn label(self) -> &'static str {
        match self {
            Self::Device => "As this device is set",
            Self::Light => "Light",
            Self::Dark => "Dark",
        }
    }
}

/// The frame of a page.
#[derive(Debug, Clone)]
pub(crate) struct Page {
    /// Without the firm's name, which the frame adds.
    pub(crate) title: String,
    /// The firm's name; before anybody signed in, the portal's.
    pub(crate) firm: String,
    /// Empty before anybody signed in.
    pub(crate) person: String,
    /// The advisor of the person's household; empty for staff.
    pub(crate) advisor: String,
    /// Where the advisor can be written to; empty for staff.
    pub(crate) advisor_email: String,
    /// What the person is, which decides about the navigation; `None` before anybody signed in.
    pub(crate) role: Option<Role>,
    pub(crate) nav: Nav,
    /// Connections that the client can fix, for the bar and the navigation.
    pub(crate) fixable: u32,
    pub(crate) theme: Theme,
    /// Stands small at the foot of error pages, for support.
    pub(crate) operation: String,
}

impl Page {
    /// The frame for somebody who has not signed in.
    pub(crate) fn visitor(settings: &Settings, title: &str, theme: Theme, operation: &str) -> Self {
        Self {
            title: title.to_owned(),
            firm: settings.portal_name.clone(),
            person: String::new(),
            advisor: String::new(),
            advisor_email: String::new(),
            role: None,
            nav: Nav::Nowhere,
            fixable: 0,
            theme,
            operation: operation.to_owned(),
        }
    }

    /// The address of an asset: `{{ page.asset("app.css") }}`.
    #[expect(clippy::unused_self, reason = "templates reach it through the page")]
    pub(crate) fn asset(&self, name: &str) -> String {
        assets::url(name)
    }

    /// Whether this is the active item of the navigation: `{% if page.at("home") %}`.
    pub(crate) fn at(&self, item: &str) -> bool {
        self.nav.code() == item
    }

    /// Whether somebody is signed in.
    pub(crate) fn signed_in(&self) -> bool {
        self.role.is_some()
    }

    /// Whether the person belongs to the firm and sees its navigation instead of a client's.
    pub(crate) fn staff(&self) -> bool {
        self.role.is_some_and(|role| !role.is_client())
    }

    /// Whether the list of households is there for this person.
    pub(crate) fn sees_households(&self) -> bool {
        matches!(self.role, Some(Role::Advisor | Role::Compliance))
    }

    /// Whether this person invites clients.
    pub(crate) fn invites(&self) -> bool {
        self.role == Some(Role::Advisor)
    }

    /// Whether this person sees how the directory of institutions is kept.
    pub(crate) fn sees_directory(&self) -> bool {
        matches!(self.role, Some(Role::DataSupport | Role::Compliance | Role::Administrator))
    }

    /// Where the person is at home in the portal.
    pub(crate) fn home(&self) -> &'static str {
        self.role.map_or("/sign-in", landing)
    }

    /// A link that begins a mail to the advisor about something, such as an institution (RFC 6068); empty for staff.
    /// The subject names it and the operation, so that the firm finds it in its log, and nothing of the household's.
    pub(crate) fn mail_to_advisor(&self, about: &str) -> String {
        if self.advisor_email.is_empty() {
            return String::new();
        }
        let to = encoded(&self.advisor_email).replace("%40", "@");
        let about = if about.is_empty() { "A question" } else { about };
        let subject = encoded(&format!("{about} (operation {})", self.operation));
        format!("mailto:{to}?subject={subject}")
    }
}
