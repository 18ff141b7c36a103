//! What a command costs where it runs: queries, characters, and what the engine does for each, counted in its plan.

use relay_diag::source::Request;
use relay_diag::source::capture::{Capture, Question};

use crate::support::{Case, cases, on_each, run};

/// What a command sends: its name, and how many queries at most.
const COMMANDS: [(&str, usize); 4] = [("verify", 1), ("stuck", 2), ("timeline", 2), ("diagnose", 2)];
/// What a request may be: DataFusion shares no subplan, so each scan reads again, and plans have a budget of compute.
const MOST_CHARACTERS: usize = 25_000;
const MOST_SCANS: usize = 6;
/// Planning takes all of a core.
const AT_ONCE: usize = 2;

/// Every statement that a command sends, in order, as `-vv` tells it.
pub fn statements(command: &str, records: &str) -> Vec<String> {
    let run = run(&[command, "--source", records, "-vv", "--format", "json"]);
    let sent = run
        .stderr
        .lines()
        .filter(|line| line.starts_with("SELECT ") || line.starts_with("WITH "));
    let sent: Vec<String> = sent.map(str::to_owned).collect();
    assert!(!sent.is_empty(), "{command}: {}", run.stderr);
    assert_eq!(run.json()["queries_spent"], sent.len(), "{command} of {records}");
    sent
}

/// The steps of the plan that runs.
fn plan(capture: &Capture, sql: &str) -> String {
    let (from, to) = capture.window().unwrap();
    let request = Request {
        sql: sql.to_owned(),
        from,
        to,
        limit: 10_000,
    };
    let question = Question {
        explain: true,
        ..Question::from(request)
    };
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let batches = runtime.block_on(capture.stream(question, ())).unwrap();
    batches.plans().unwrap().physical.clone()
}

fn check(case: &Case) {
    let capture = Capture::open(std::path::Path::new(&case.records), None).unwrap();
    for (command, most_queries) in COMMANDS {
        let sent = statements(command, &case.records);
        assert!(
            sent.len() <= most_queries,
            "{command} of {}: {} queries",
            case.name,
            sent.len()
        );
        for (round, sql) in (1..).zip(&sent) {
            let name = format!("{command}, request {round}, of {}", case.name);
            assert!(sql.len() <= MOST_CHARACTERS, "{name}: {} characters", sql.len());
            assert!(!sql.contains("--"), "{name}: a comment is sent");
            // The one window counts the rows of the answer.
            assert_eq!(sql.matches(" OVER ").count(), 1, "{name}");
            let plan = plan(&capture, sql);
            let steps = |step: &str| plan.lines().filter(|line| line.contains(step)).count();
            let scans = steps("RecordsScan");
            assert!((1..=MOST_SCANS).contains(&scans), "{name}: {scans} scans\n{plan}");
            assert!(steps("WindowAggExec") <= 1, "{name}: windows\n{plan}");
            // What has not ended is what has no final row.
            assert!(steps("JoinExec") <= 1, "{name}: joins\n{plan}");
        }
    }
}

#[test]
fn no_request_is_dear() {
    on_each(&cases(), AT_ONCE, check);
}
