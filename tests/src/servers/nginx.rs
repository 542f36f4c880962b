//! nginx as Warren's repository configures it.

use std::path::{Path, PathBuf};

use super::port;

/// The site's own part of the configuration; the rest is the repository's.
pub struct Nginx {
    /// Where it is to listen.
    pub port: u16,
}

impl Default for Nginx {
    fn default() -> Self {
        Self { port: port::free() }
    }
}

impl Nginx {
    /// Puts `nginx/` and the page into a folder, for API processes on the ports
    /// of a hundred.
    pub(super) fn install(&self, home: &Path, hundred: u16) {
        copy(&repository().join("nginx"), &home.join("nginx"));
        copy(&repository().join("web"), &home.join("web"));
        std::fs::create_dir_all(home.join("var/nginx")).expect("create nginx's folder");
        let site = format!(
            "listen 127.0.0.1:{} default_server;\nserver_name _;\nroot {};\n",
            self.port,
            home.join("web").display()
        );
        let ours = home.join("nginx/warren");
        std::fs::write(ours.join("site.conf"), site).expect("write the site");
        change(&ours.join("upstream.conf"), &[("127.0.0.1:81", &format!("127.0.0.1:{hundred}"))]);
    }
}

/// The root of the repository.
pub(super) fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Replaces texts in a file, each of which has to be there.
pub(super) fn change(path: &Path, changes: &[(&str, &str)]) {
    let mut text = std::fs::read_to_string(path).expect("read a configuration");
    for (from, to) in changes {
        assert!(text.contains(from), "{} says {from:?}", path.display());
        text = text.replace(from, to);
    }
    std::fs::write(path, text).expect("write a configuration");
}

/// Copies a folder and what is in it.
pub(super) fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("create a folder");
    for entry in std::fs::read_dir(from).expect("read a folder") {
        let entry = entry.expect("an entry");
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).expect("copy a file");
        }
    }
}
