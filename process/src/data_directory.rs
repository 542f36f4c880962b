//! The directory in which a process keeps its files, for itself alone.

use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use thiserror::Error;

use crate::secret::Secret;

/// How many random bytes a generated secret has.
const SECRET_BYTES: usize = 32;

/// Why a data directory can't be used.
#[derive(Debug, Error)]
pub enum DataDirectoryError {
    /// Another process holds the lock.
    #[error("the data directory {} is in use by another Warren process", .0.display())]
    InUse(PathBuf),
    /// The operating system refused.
    #[error("{} in the data directory can't be used", .path.display())]
    File {
        /// The directory or the file within it.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// A secret's file holds something else.
    #[error("{} does not hold a secret of {SECRET_BYTES} bytes in base64", .0.display())]
    NoSecret(PathBuf),
}

/// A data directory that is locked until this value is dropped, or the process ends in
/// whatever way.
#[derive(Debug)]
pub struct DataDirectory {
    path: PathBuf,
    _lock: File,
}

impl DataDirectory {
    /// Creates the directory if absent (mode 0700, parents too) and locks it.
    ///
    /// # Errors
    /// Another process has it, or it can't be created or written.
    pub fn open(path: &Path) -> Result<Self, DataDirectoryError> {
        DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(about(path))?;
        let lock_path = path.join("warren.lock");
        let lock = OpenOptions::new()
            .create(true)
            .write(true)
            .truncate(false)
            .mode(0o600)
            .open(&lock_path)
            .map_err(about(&lock_path))?;
        match lock.try_lock() {
            Ok(()) => Ok(Self { path: path.to_owned(), _lock: lock }),
            Err(TryLockError::WouldBlock) => Err(DataDirectoryError::InUse(path.to_owned())),
            Err(TryLockError::Error(error)) => Err(about(&lock_path)(error)),
        }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The secret that the named file holds, in base64; made at random on the first call
    /// (32 bytes, file mode 0600) and the same ever after.
    ///
    /// # Errors
    /// The file can't be read or written, or holds something else.
    pub fn secret_file(&self, name: &str) -> Result<Secret<String>, DataDirectoryError> {
        let path = self.path.join(name);
        match File::open(&path) {
            Ok(file) => read_secret(file, &path),
            Err(error) if error.kind() == io::ErrorKind::NotFound => self.create_secret(&path),
            Err(error) => Err(about(&path)(error)),
        }
    }

    /// Writes beside and renames, so that a crash leaves no half a secret behind.
    fn create_secret(&self, path: &Path) -> Result<Secret<String>, DataDirectoryError> {
        let secret = STANDARD.encode(rand::random::<[u8; SECRET_BYTES]>());
        let unfinished = path.with_extension("unfinished");
        let write = || {
            let mut options = OpenOptions::new();
            let options = options.create(true).write(true).truncate(true).mode(0o600);
            let mut file = options.open(&unfinished)?;
            file.write_all(secret.as_bytes())?;
            file.sync_all()?;
            std::fs::rename(&unfinished, path)?;
            File::open(&self.path)?.sync_all()
        };
        write().map_err(about(path))?;
        Ok(Secret::new(secret))
    }
}

fn read_secret(file: File, path: &Path) -> Result<Secret<String>, DataDirectoryError> {
    let mut bytes = Vec::new();
    file.take(1024).read_to_end(&mut bytes).map_err(about(path))?;
    let no_secret = || DataDirectoryError::NoSecret(path.to_owned());
    let text = String::from_utf8(bytes).map_err(|_| no_secret())?;
    let text = text.trim();
    match STANDARD.decode(text) {
        Ok(decoded) if decoded.len() >= SECRET_BYTES => Ok(Secret::new(text.to_owned())),
        Ok(_) | Err(_) => Err(no_secret()),
    }
}

fn about(path: &Path) -> impl FnOnce(io::Error) -> DataDirectoryError {
    let path = path.to_owned();
    move |source| DataDirectoryError::File { path, source }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn mode(path: &Path) -> u32 {
        std::fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn directory_and_secret_are_for_their_owner_only() {
        let parent = tempfile::tempdir().unwrap();
        let directory = DataDirectory::open(&parent.path().join("a/b")).unwrap();
        directory.secret_file("jwt.secret").unwrap();
        assert_eq!(mode(directory.path()), 0o700);
        assert_eq!(mode(&directory.path().join("jwt.secret")), 0o600);
    }

    #[test]
    fn second_user_is_refused_until_the_first_is_gone() {
        let parent = tempfile::tempdir().unwrap();
        let first = DataDirectory::open(parent.path()).unwrap();
        let error = DataDirectory::open(parent.path()).unwrap_err();
        assert!(error.to_string().contains("in use by another Warren process"), "{error}");
        drop(first);
        DataDirectory::open(parent.path()).unwrap();
    }

    #[test]
    fn secret_stays_the_same_and_differs_from_others() {
        let parent = tempfile::tempdir().unwrap();
        let directory = DataDirectory::open(parent.path()).unwrap();
        let first = directory.secret_file("one").unwrap();
        assert_eq!(directory.secret_file("one").unwrap(), first);
        assert_ne!(directory.secret_file("two").unwrap(), first);
        assert_eq!(STANDARD.decode(first.expose()).unwrap().len(), SECRET_BYTES);
    }

    #[test]
    fn damaged_secret_is_refused_and_not_replaced() {
        let parent = tempfile::tempdir().unwrap();
        let directory = DataDirectory::open(parent.path()).unwrap();
        std::fs::write(parent.path().join("one"), "c2hvcnQ=").unwrap();
        let error = directory.secret_file("one").unwrap_err();
        assert!(matches!(error, DataDirectoryError::NoSecret(_)));
        assert!(!error.to_string().contains("c2hvcnQ"));
    }

    #[test]
    fn file_in_the_place_of_the_directory_is_reported() {
        let parent = tempfile::tempdir().unwrap();
        let path = parent.path().join("file");
        std::fs::write(&path, "").unwrap();
        let error = DataDirectory::open(&path).unwrap_err();
        assert!(matches!(error, DataDirectoryError::File { .. }));
    }
}
