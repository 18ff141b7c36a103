//! Text that can't leave its place: a renderer's own literals, and strangers' text after escaping.
//! There is no other way to make one, so a renderer that returns a [`Safe`] can't forget to escape.

use std::{marker::PhantomData, ops::AddAssign};

/// Where text will stand, and what would be read as markup there.
pub(super) trait Syntax {
    /// `text` so that it shows as itself and as nothing else.
    fn escape(text: &str) -> String;
}

/// Text that is harmless where `S` is read.
#[derive(Debug)]
pub(super) struct Safe<S> {
    text: String,
    syntax: PhantomData<S>,
}

impl<S: Syntax> Safe<S> {
    pub(super) fn new() -> Self {
        Self::trusted(String::new())
    }

    pub(super) fn escape(text: &str) -> Self {
        Self::trusted(S::escape(text))
    }

    /// Text that a layout library made of escaped cells: spaces, rules and styles may have come to it, nothing else.
    pub(super) fn laid_out(text: String) -> Self {
        Self::trusted(text)
    }

    fn trusted(text: String) -> Self {
        Self {
            text,
            syntax: PhantomData,
        }
    }

    pub(super) fn as_str(&self) -> &str {
        &self.text
    }

    pub(super) fn into_string(self) -> String {
        self.text
    }

    pub(super) fn repeat(&mut self, literal: &'static str, times: usize) {
        self.text.extend(std::iter::repeat_n(literal, times));
    }

    /// Adds text for a place inside `S` that has a syntax of its own: a table's cell, a fence, an address.
    pub(super) fn embed<T: Syntax>(&mut self, other: &Safe<T>) {
        self.text.push_str(&other.text);
    }
}

impl<S> AddAssign<&'static str> for Safe<S> {
    fn add_assign(&mut self, literal: &'static str) {
        self.text.push_str(literal);
    }
}

impl<S> AddAssign<&Safe<S>> for Safe<S> {
    fn add_assign(&mut self, other: &Safe<S>) {
        self.text.push_str(&other.text);
    }
}
