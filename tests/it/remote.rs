//! An archive in an object store answers as the same folder does. Skipped, with a line that says so, where there is no
//! Python or no network.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use crate::python;
use crate::support::{Run, command, finish, fixture};

/// Days of the recordings, so that there are files to leave out.
const RECORDINGS: [&str; 3] = ["demo", "partial-connect-hang", "shop-db-restart"];

/// moto's server of S3, until it is dropped.
pub struct Store {
    process: Child,
    url: String,
}

impl Store {
    /// With the files of a folder, below `s3://bucket/archive`.
    pub fn of(folder: &Path) -> Option<Self> {
        let python = python::with("store", &["moto[server]", "boto3"], "no object store was asked")?;
        let mut process = Command::new(python)
            .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/store.py"))
            .arg(folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut url = String::new();
        BufReader::new(process.stdout.take().unwrap())
            .read_line(&mut url)
            .unwrap();
        Some(Self {
            process,
            url: url.trim().to_owned(),
        })
    }

    /// What whoever asks it needs in the environment.
    pub fn variables(&self) -> [(&str, &str); 5] {
        [
            ("AWS_ENDPOINT", self.url.as_str()),
            ("AWS_ALLOW_HTTP", "true"),
            ("AWS_ACCESS_KEY_ID", "any"),
            ("AWS_SECRET_ACCESS_KEY", "any"),
            ("AWS_REGION", "us-east-1"),
        ]
    }

    fn ask(&self, folder: &Path, args: &[&str]) -> Run {
        finish(command(folder).args(args).envs(self.variables()))
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// One Parquet file a recording.
fn archive(folder: &Path) {
    let archive = folder.join("archive");
    std::fs::create_dir(&archive).unwrap();
    for name in RECORDINGS {
        let place = if name.starts_with("shop") { "others/" } else { "" };
        let records = fixture(&format!("{place}{name}/records.ndjson.zst"));
        let file = archive.join(format!("{name}.parquet"));
        let args = ["capture", file.to_str().unwrap(), "--source", records.to_str().unwrap()];
        let run = finish(command(folder).args(args));
        assert_eq!(run.code, 0, "{}", run.stderr);
    }
}

#[test]
fn an_archive_in_a_store_answers_as_the_folder_does() {
    let folder = tempfile::tempdir().unwrap();
    archive(folder.path());
    let Some(store) = Store::of(&folder.path().join("archive")) else {
        return;
    };
    let hour = [
        "--from",
        "2025-12-08T06:30:00Z",
        "--to",
        "2025-12-08T07:30:00Z",
        "--format",
        "json",
    ];
    for name in ["report", "stuck", "verify"] {
        let of = |source: &str| {
            let run = store.ask(folder.path(), &[&[name, "--source", source], &hour[..]].concat());
            let lines = run.stdout.lines().filter(|line| !line.contains("\"generated_at\""));
            (
                run.code,
                lines.map(|line| line.replace(source, "SOURCE")).collect::<Vec<_>>(),
                run.stderr,
            )
        };
        let here = of("archive");
        assert!(here.0 < 2, "{name}: {}", here.2);
        assert_eq!(of("s3://bucket/archive"), here, "{name}");
    }
    // One file, at an address of any web server.
    let url = format!("{}/bucket/archive/demo.parquet", store.url);
    let one = store.ask(folder.path(), &["timeline", "--source", &url]);
    assert!(
        one.stdout.starts_with("partial-connect-hang"),
        "{}{}",
        one.stdout,
        one.stderr
    );
    for (source, words) in [
        ("s3://bucket/nothing/here", "there is no Parquet file below it"),
        ("s3://elsewhere/archive", "NoSuchBucket"),
        ("s3://bucket/archive/none.parquet", "none.parquet"),
    ] {
        let run = store.ask(folder.path(), &["timeline", "--source", source]);
        assert_eq!(run.code, 3, "{source}: {}", run.stdout);
        assert!(run.stderr.contains(words), "{source}: {}", run.stderr);
    }
}
