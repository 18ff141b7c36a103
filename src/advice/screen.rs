//! The answer on one screen of a terminal: whom it hits, what to do now, what it rests on, what it is not. A page has the rest.

use super::report::{Advice, link, when};
use crate::diagnosis::{Claim, Conclusion, Diagnosis};
use crate::report::{Block, Note};
use crate::words;

/// Pieces of evidence that are shown, the most telling first.
const MOST_EVIDENCE: usize = 4;
/// Sentences of the advice that are shown: what tells the hung requests apart, which statements, how long a connect can take.
const MOST_EXPLAINED: usize = 2;
/// Other failure modes that are named, those that it is confused with first.
const MOST_OTHERS: usize = 2;
/// Room for why it is not one of them.
const WHY_WIDTH: usize = 60;
/// Room for a sentence of the advice.
const LINE_WIDTH: usize = 96;
/// So much of a trace id tells it apart on a screen: it begins with the time, in milliseconds. `--full` has the whole.
const TRACE_WIDTH: usize = 14;

/// What a screen shows of an incident; `None` = the rest is short enough.
pub(super) fn blocks(diagnosis: &Diagnosis, advice: &Advice, project_url: &str) -> Option<Vec<Block>> {
    let (answer, mode) = diagnosis.incident()?;
    let mut first = when(answer);
    first.extend(advice.impact_text.iter().cloned());
    let mut blocks = vec![Block::lines(first)];
    blocks.extend(to_do(advice, mode.id));
    blocks.push(Block::Heading(String::from("why")));
    let mut why: Vec<Note> = answer
        .evidence
        .iter()
        .take(MOST_EVIDENCE)
        .map(|claim| evidence(answer, claim, project_url))
        .collect();
    let explained = advice.brief.iter().take(MOST_EXPLAINED);
    why.extend(explained.map(|line| Note::from(format!("- {}", words::error(line, LINE_WIDTH)))));
    why.extend(others(diagnosis, mode.documentation.confused_with).map(Note::from));
    why.push(Note::from(String::from(
        "--full has everything: pictures, whole trace ids, the pool, the connect budget, what it is not",
    )));
    blocks.push(Block::Notes(why));
    Some(blocks)
}

/// Commands first; each with what it is for behind it, so that a line can be pasted as it is.
fn to_do(advice: &Advice, mode: &str) -> Vec<Block> {
    let commands: Vec<(&String, &String)> = advice
        .next_steps
        .iter()
        .filter_map(|(text, command)| Some((text, command.as_ref()?)))
        .collect();
    let explain = format!("relay-diag explain {mode}");
    let now: Vec<String> = commands
        .iter()
        .filter(|(_, command)| **command != explain)
        .map(|(text, command)| format!("{command}  # {text}"))
        .collect();
    let said = advice.next_steps.iter().filter(|(_, command)| command.is_none());
    let said: Vec<String> = said.map(|(text, _)| text.clone()).collect();
    vec![
        Block::Heading(String::from("what to do")),
        Block::Preformatted(now.join("\n")),
        Block::lines(said),
    ]
}

fn evidence(answer: &Conclusion, claim: &Claim, project_url: &str) -> Note {
    let trace = claim.trace_ids.first();
    let named = trace.map(|trace| format!(" (trace {})", trace.chars().take(TRACE_WIDTH).collect::<String>()));
    let named = named.unwrap_or_default();
    Note {
        text: format!("- {}{named}", claim.text),
        link: trace.and_then(|trace| link(answer, project_url, trace)),
    }
}

/// What else is true, and what it is not: in one line.
fn others(diagnosis: &Diagnosis, confused_with: &str) -> Option<String> {
    let also = diagnosis.also.iter().map(|other| format!("also {}", other.id()));
    let mut not: Vec<&(&crate::diagnosis::FailureMode, String)> = diagnosis.ruled_out.iter().collect();
    not.sort_by_key(|(mode, _)| !confused_with.contains(mode.id));
    let not = not
        .into_iter()
        .take(MOST_OTHERS)
        .map(|(mode, why)| format!("not {}: {}", mode.id, words::error(why, WHY_WIDTH)));
    let parts: Vec<String> = also.chain(not).collect();
    (!parts.is_empty()).then(|| format!("- {}", parts.join("; ")))
}
