//! What is said beside the result: steps for `-v`, SQL for `-vv`, what a person waits for, and what one is asked. Who
//! prints it is main's.

use std::fmt;
use std::sync::Arc;

/// One thing to say. The text may hold what a server sent: whoever shows it neutralises it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event<'a> {
    /// What was done or came back, one line (`-v`).
    Step(&'a str),
    /// A statement that is about to be sent (`-vv`).
    Sql(&'a str),
    /// What is being waited for from now on (a terminal's spinner).
    Waiting(&'a str),
    /// How far work of many questions is; it stands before what is being waited for.
    Progress(&'a str),
}

/// Where events go; by default nowhere.
#[derive(Clone, Default)]
pub struct Log(Option<Sink>);

type Sink = Arc<dyn Fn(Event<'_>) + Send + Sync>;

impl Log {
    /// Hands every event to `say`.
    pub fn new(say: impl Fn(Event<'_>) + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(say)))
    }

    /// Says it, if anyone listens.
    pub fn say(&self, event: Event<'_>) {
        if let Some(sink) = &self.0 {
            sink(event);
        }
    }

    /// One step.
    pub fn step(&self, text: impl AsRef<str>) {
        self.say(Event::Step(text.as_ref()));
    }
}

/// Asks a person who can answer; by default there is none, and the answer is no.
#[derive(Clone, Default)]
pub struct Confirm(Option<Answer>);

type Answer = Arc<dyn Fn(&str) -> bool + Send + Sync>;

impl Confirm {
    /// Puts every question to `ask`.
    pub fn new(ask: impl Fn(&str) -> bool + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(ask)))
    }

    /// Whether somebody said yes.
    pub fn ask(&self, question: &str) -> bool {
        self.0.as_ref().is_some_and(|ask| ask(question))
    }
}

impl fmt::Debug for Confirm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() {
            "Confirm(on)"
        } else {
            "Confirm(off)"
        })
    }
}

impl fmt::Debug for Log {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "Log(on)" } else { "Log(off)" })
    }
}
