//! Who is who: processes without machine names, pods that come under new names, several services in one project.

use serde_json::json;

use super::Case;
use super::builder::{A, B, C, Failed, Life, NO_NAME, Open, POOL_OF_5, REFUSED, Story, Took};

pub const TABLE: &[Case] = &[
    Case {
        name: "a restart of a process whose machine has no name",
        build: |story| {
            story.traffic(A, 0.0, 300.0, 4.0);
            story.traffic(("machine-a", 9), 312.0, 600.0, 4.0);
            story.forget_machines();
        },
        expected: &["restart"],
        ..Case::BASE
    },
    Case {
        name: "one more process beside the others is no restart",
        build: |story| {
            story.traffic(A, 0.0, 600.0, 4.0);
            story.traffic(B, 300.0, 600.0, 4.0);
            story.forget_machines();
        },
        expected: &["healthy"],
        ..Case::BASE
    },
    Case {
        name: "hangs without a machine's name end with the process",
        build: |story| {
            story.traffic(A, 0.0, 900.0, 3.0);
            for n in 0..6 {
                story.request(A, 300.0 + f64::from(n) * 20.0, "GET /albums", Open, 0.0);
            }
            story.traffic(("machine-a", 9), 910.0, 1200.0, 3.0);
            story.forget_machines();
        },
        expected: &["partial-connect-hang"],
        window: Some((300.0, 910.0)),
        instances: &["plyr-api"],
        not: &["instance-silent"],
        ..Case::BASE
    },
    Case {
        name: "a worker without a machine's name starts again and again, beside two applications of its service's name",
        build: |story| {
            story.traffic(A, 0.0, 1500.0, 7.0);
            story.traffic(B, 2.0, 1500.0, 7.0);
            for n in 0..6 {
                let (life, time): (Life, f64) = (("worker", 100 + n), 600.0 + f64::from(n) * 120.0);
                story.log(life, time, "worker process ready");
                story.log(life, time + 50.0, "working");
            }
            story.forget_machines();
        },
        expected: &["crash-loop"],
        window: Some((600.0, 1200.0)),
        ..Case::BASE
    },
    Case {
        name: "a job that is run every two minutes, by processes without a machine's name",
        build: |story| {
            story.traffic(A, 0.0, 1500.0, 4.0);
            for n in 0..10 {
                let (life, time): (Life, f64) = (("job", 100 + n), 100.0 + f64::from(n) * 120.0);
                story.log(life, time, "cleaning up");
                story.task(life, "clean up", time + 1.0, 20.0);
            }
            story.forget_machines();
        },
        expected: &["healthy"],
        not: &["crash-loop", "instance-silent", "worker-silent"],
        ..Case::BASE
    },
    Case {
        name: "pods of another version under new names, one of the old ones killed",
        build: |story| {
            story.traffic(A, 0.0, 310.0, 3.0);
            story.traffic(B, 1.0, 330.0, 3.0);
            story.version = "2";
            story.traffic(("machine-c", 3), 300.0, 900.0, 3.0);
            story.traffic(("machine-d", 4), 320.0, 900.0, 3.0);
        },
        expected: &["deploy"],
        not: &["instance-silent", "crash-loop"],
        ..Case::BASE
    },
    Case {
        name: "two services in trouble, each of its own kind",
        build: |story| {
            story.traffic(A, 0.0, 900.0, 4.0);
            for n in 0..12 {
                story.request(
                    A,
                    300.0 + f64::from(n) * 3.0,
                    "GET /albums",
                    Failed(30.0, POOL_OF_5),
                    0.0,
                );
            }
            shop(story, |story| {
                story.traffic(B, 0.0, 400.0, 4.0);
                for n in 0..60 {
                    story.request(B, 401.0 + f64::from(n), "GET /items", Failed(0.01, REFUSED), 0.0);
                }
                story.traffic(B, 470.0, 900.0, 4.0);
            });
        },
        expected: &["database-down"],
        window: Some((401.0, 460.0)),
        also: &["pool-exhausted"],
        ..Case::BASE
    },
    Case {
        name: "the trouble of one service is not seen in the successes of another",
        build: |story| {
            story.traffic(A, 0.0, 900.0, 0.7);
            shop(story, |story| {
                story.traffic(B, 0.0, 300.0, 4.0);
                for n in 0..40 {
                    story.request(B, 301.0 + f64::from(n) * 2.0, "GET /items", Failed(0.01, REFUSED), 0.0);
                }
                story.traffic(B, 390.0, 900.0, 4.0);
            });
        },
        expected: &["database-down"],
        window: Some((301.0, 379.0)),
        not: &["partial-connect-hang"],
        ..Case::BASE
    },
    Case {
        name: "one service whose database has no name, and another that is slow by nature",
        build: |story| {
            story.traffic(A, 0.0, 300.0, 4.0);
            for n in 0..40 {
                story.request(A, 301.0 + f64::from(n) * 2.0, "GET /albums", Failed(0.01, NO_NAME), 0.0);
            }
            story.traffic(A, 390.0, 900.0, 4.0);
            shop(story, |story| {
                for n in 0..200 {
                    story.request(C, f64::from(n) * 4.0, "GET /items", Took(0.003), 0.2);
                }
            });
        },
        expected: &["dns-failure"],
        not: &["slow-database"],
        ..Case::BASE
    },
    Case {
        name: "a service whose database nobody records",
        build: |story| {
            story.traffic(A, 0.0, 600.0, 4.0);
            shop(story, |story| {
                for n in 0..100 {
                    story.plain(B, "GET /items", f64::from(n) * 6.0, 0.02, 200);
                }
            });
        },
        expected: &["inconclusive"],
        ..Case::BASE
    },
    Case {
        name: "a service that has no database",
        build: |story| {
            story.traffic(A, 0.0, 600.0, 4.0);
            shop(story, |story| {
                for n in 0..100 {
                    story.plain(B, "GET /items", f64::from(n) * 6.0, 0.02, 200);
                }
            });
        },
        expected: &["healthy"],
        settings: "[app]\nwithout_database = [\"shop\"]\n",
        ..Case::BASE
    },
];

/// What another service does meanwhile.
fn shop(story: &mut Story, tell: impl Fn(&mut Story)) {
    let own = story.service;
    story.service = "shop";
    tell(story);
    story.service = own;
}

impl Story {
    /// As a project records it that names no machines: each process has a random id.
    fn forget_machines(&mut self) {
        for row in &mut self.rows {
            let id = format!("{:x}-{}", 0x5eed, row["process_pid"]);
            row["service_instance_id"] = json!(id);
            row["otel_resource_attributes"] = json!({"service.instance.id": id});
        }
    }
}
