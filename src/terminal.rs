//! What a person sees on standard error while a command works: steps with `-v`, and a spinner once it takes a while.

use std::io::{IsTerminal, stderr, stdin};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use relay_diag::log::{Confirm, Event, Log};
use relay_diag::redact::Redactor;
use relay_diag::render::for_terminal;
use relay_diag::source::api::mask;

/// What takes longer deserves a sign of life.
const PATIENCE: Duration = Duration::from_secs(1);
const TICK: Duration = Duration::from_millis(120);

/// Standard error while a command works.
pub struct Terminal {
    state: Arc<Mutex<State>>,
    verbosity: u8,
}

#[derive(Default)]
struct State {
    bar: Option<ProgressBar>,
    waiting_for: String,
    progress: String,
    over: bool,
    redactor: Option<Redactor>,
}

impl State {
    /// Without tokens, and without people's data where that is wanted.
    fn shown(&mut self, text: &str) -> String {
        let masked = mask(text);
        match &mut self.redactor {
            Some(redactor) => redactor.text(&masked),
            None => masked,
        }
    }
}

impl State {
    /// Puts beside the spinner what there is to tell.
    fn tell(&self) {
        if let Some(bar) = &self.bar {
            let parts = [&self.progress, &self.waiting_for];
            let parts = parts.into_iter().filter(|part| !part.is_empty());
            bar.set_message(parts.cloned().collect::<Vec<_>>().join("; "));
        }
    }
}

impl Terminal {
    /// `quiet` leaves nothing; the spinner needs a terminal.
    pub fn new(verbosity: u8, quiet: bool) -> Self {
        let terminal = Self {
            state: Arc::default(),
            verbosity,
        };
        if !quiet && stderr().is_terminal() {
            let state = Arc::clone(&terminal.state);
            tokio::spawn(async move {
                tokio::time::sleep(PATIENCE).await;
                show(&state);
            });
        }
        terminal
    }

    /// From now on people's data is taken out of what is said.
    pub fn redact(&self) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.redactor = Some(Redactor::new());
    }

    /// For whoever has something to say.
    pub fn log(&self) -> Log {
        let (state, verbosity) = (Arc::clone(&self.state), self.verbosity);
        Log::new(move |event| {
            let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
            let lines: Vec<String> = match event {
                Event::Step(text) if verbosity > 0 => vec![for_terminal(&state.shown(text))],
                Event::Sql(sql) if verbosity > 1 => state.shown(sql).lines().map(for_terminal).collect(),
                Event::Waiting(text) => {
                    state.waiting_for = for_terminal(&state.shown(text));
                    state.tell();
                    return;
                }
                Event::Progress(text) => {
                    state.progress = for_terminal(&state.shown(text));
                    state.tell();
                    return;
                }
                _ => return,
            };
            let bar = state.bar.clone();
            drop(state);
            let print = || lines.iter().for_each(|line| eprintln!("{line}"));
            match bar {
                Some(bar) => bar.suspend(print),
                None => print(),
            }
        })
    }

    /// Puts questions to the person at the terminal, if there is one to see them and to answer.
    pub fn confirm(&self, quiet: bool) -> Confirm {
        if quiet || !stderr().is_terminal() || !stdin().is_terminal() {
            return Confirm::default();
        }
        let state = Arc::clone(&self.state);
        Confirm::new(move |question| {
            let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
            let question = for_terminal(&state.shown(question));
            let ask = || {
                eprint!("{question} [y/N] ");
                let mut answer = String::new();
                let read = stdin().read_line(&mut answer);
                read.is_ok() && matches!(answer.trim().to_lowercase().as_str(), "y" | "yes")
            };
            match &state.bar {
                Some(bar) => bar.suspend(ask),
                None => ask(),
            }
        })
    }

    /// Takes the spinner away; what comes next is the answer.
    pub fn finish(&self) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.over = true;
        if let Some(bar) = state.bar.take() {
            bar.finish_and_clear();
        }
    }
}

impl Drop for Terminal {
    /// An interrupt leaves no spinner behind.
    fn drop(&mut self) {
        self.finish();
    }
}

fn show(state: &Mutex<State>) {
    let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
    if state.over {
        return;
    }
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
    bar.set_style(ProgressStyle::default_spinner());
    bar.enable_steady_tick(TICK);
    state.bar = Some(bar);
    state.tell();
}
