//! A disk that can be full.

use std::fs::File;
use std::io::{ErrorKind, Write};
use std::path::PathBuf;
use std::process::Command;

use super::shim;
use crate::guardian;

/// How a disk is made small.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Full {
    /// A small file system (tmpfs) in a mount namespace of the program's own, which
    /// ends with it.
    FileSystem,
    /// A library that lets no file grow.
    Shim,
}

/// A folder on a disk that can be full.
pub struct SmallDisk {
    way: Full,
    folder: PathBuf,
    switch: PathBuf,
}

const BALLAST: &str = "ballast";
const CHUNK_SIZE_BYTES: usize = 4096;

/// Mounts the file system at `$1`, of size `$2`, copies `$3` into it if there is such
/// a folder, and becomes the rest.
const MOUNT: &str = r#"mount -t tmpfs -o "size=$2,mode=0700" tmpfs "$1" || exit 99
if [ -n "$3" ]; then cp -a "$3/." "$1" && chown --reference="$3" "$1" && chmod --reference="$3" "$1"; fi
shift 3
exec "$@""#;

impl Full {
    /// The ways that this machine allows.
    pub fn possible() -> Vec<Self> {
        let mounts = Command::new("unshare")
            .args(["-m", "sh", "-c", "mount -t tmpfs tmpfs /mnt"])
            .output()
            .is_ok_and(|done| done.status.success());
        if mounts { vec![Self::FileSystem, Self::Shim] } else { vec![Self::Shim] }
    }

    pub fn name(self) -> &'static str {
        match self {
            Self::FileSystem => "a small file system",
            Self::Shim => "a preloaded library",
        }
    }
}

impl SmallDisk {
    /// A new folder.
    pub fn new(way: Full) -> Self {
        Self {
            way,
            folder: guardian::directory("small"),
            switch: guardian::directory("switch").join("full"),
        }
    }

    /// The folder, as the program sees it.
    pub fn folder(&self) -> PathBuf {
        self.folder.clone()
    }

    /// What the program needs in its environment.
    pub fn environment(&self) -> Vec<(String, String)> {
        let text = |path: &PathBuf| path.to_str().expect("a path").to_owned();
        match self.way {
            Full::FileSystem => Vec::new(),
            Full::Shim => vec![
                ("LD_PRELOAD".to_owned(), shim::library().to_str().expect("a path").to_owned()),
                ("DISK_FULL".to_owned(), text(&self.switch)),
                ("DISK_FOLDER".to_owned(), text(&self.folder)),
            ],
        }
    }

    /// What stands before the program's command. The folder is to begin with what is
    /// in `contents`, if it is given.
    pub fn wrapper(&self, size: &str, contents: Option<&PathBuf>) -> Vec<String> {
        if self.way == Full::Shim {
            return Vec::new();
        }
        let text = |path: &PathBuf| path.to_str().expect("a path").to_owned();
        let contents = contents.map(text).unwrap_or_default();
        let mut words = ["unshare", "-m", "sh", "-c", MOUNT, "sh"].map(str::to_owned).to_vec();
        words.extend([text(&self.folder), size.to_owned(), contents]);
        words
    }

    /// Takes all the space that is left; `process` is the program.
    pub fn fill(&self, process: u32) {
        match self.way {
            Full::Shim => std::fs::write(&self.switch, "").expect("turn the switch"),
            Full::FileSystem => {
                let mut ballast = File::create(self.ballast(process)).expect("create the ballast");
                loop {
                    match ballast.write_all(&[0; CHUNK_SIZE_BYTES]) {
                        Ok(()) => {}
                        Err(error) if error.kind() == ErrorKind::StorageFull => break,
                        Err(error) => panic!("fill the disk: {error}"),
                    }
                }
            }
        }
    }

    /// Gives it back.
    pub fn empty(&self, process: u32) {
        let path = match self.way {
            Full::Shim => self.switch.clone(),
            Full::FileSystem => self.ballast(process),
        };
        std::fs::remove_file(path).expect("give the space back");
    }

    /// In the program's namespace.
    fn ballast(&self, process: u32) -> PathBuf {
        let folder = self.folder.strip_prefix("/").expect("an absolute path");
        PathBuf::from(format!("/proc/{process}/root")).join(folder).join(BALLAST)
    }
}
