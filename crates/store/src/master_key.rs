//! The one key that an operator keeps: thirty-two bytes, from which all others are derived.

use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use data_encoding::{BASE64, HEXLOWER};
use secrecy::{ExposeSecret as _, SecretBox, SecretString};
use skein_domain::ports::Entropy;
use zeroize::Zeroizing;

const KEY_BYTES: usize = 32;
/// Base64 of the key and some white space; a longer file is something else.
const LONGEST_FILE_BYTES: u64 = 128;
const OWNER_ONLY: u32 = 0o600;
const EVERYBODY_ELSE: u32 = 0o077;

/// Why there is no master key.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The text is no key.
    #[error("a master key is 32 bytes in Base64 (44 characters ending in =); make one with `openssl rand -base64 32`")]
    NotAKey,
    /// The file is no key.
    #[error("{} holds no master key: 32 bytes in Base64 are needed; restore it from a backup", .0.display())]
    NotAKeyFile(PathBuf),
    /// Others than the owner may read or write the file.
    #[error("{} can be read by others (mode {mode:03o}); run `chmod 600` on it", path.display())]
    Exposed {
        /// The file.
        path: PathBuf,
        /// Its permissions.
        mode: u32,
    },
    /// The file cannot be read or made.
    #[error("the master key file {}: {why}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        why: io::Error,
    },
}

/// Thirty-two secret bytes. Wiped from memory when dropped; never shown by `Debug`.
pub struct MasterKey(SecretBox<[u8; KEY_BYTES]>);

impl MasterKey {
    /// Reads standard Base64 with padding; white space around it is ignored.
    pub fn from_base64(given: &str) -> Result<Self, KeyError> {
        let bytes = Zeroizing::new(BASE64.decode(given.trim().as_bytes()).map_err(|_| KeyError::NotAKey)?);
        if bytes.len() != KEY_BYTES {
            return Err(KeyError::NotAKey);
        }
        Ok(Self(SecretBox::init_with_mut(|key: &mut [u8; KEY_BYTES]| key.copy_from_slice(&bytes))))
    }

    /// A fresh key.
    pub fn generate(entropy: &dyn Entropy) -> Self {
        Self(SecretBox::init_with_mut(|key: &mut [u8; KEY_BYTES]| entropy.fill(key)))
    }

    /// The key as Base64, to be written down by its owner.
    pub fn to_base64(&self) -> SecretString {
        BASE64.encode(self.expose()).into()
    }

    /// The key in the file; makes the file first if there is none. When several processes start at once, one of their
    /// keys is kept and all return it. A file that others can read is refused.
    pub fn load_or_create(path: &Path, entropy: &dyn Entropy) -> Result<Self, KeyError> {
        let failed = |why| KeyError::File { path: path.to_owned(), why };
        match File::open(path) {
            Ok(file) => return read(path, file),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(failed(error)),
        }
        let folder = match path.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        };
        create(path, folder, entropy).map_err(failed)?;
        read(path, File::open(path).map_err(failed)?)
    }

    pub(crate) fn expose(&self) -> &[u8; KEY_BYTES] {
        self.0.expose_secret()
    }
}

impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MasterKey(hidden)")
    }
}

/// The file gets its name only when it is whole: a link fails where a name exists, so the first writer wins, and nobody
/// ever reads half a key.
fn create(path: &Path, folder: &Path, entropy: &dyn Entropy) -> io::Result<()> {
    crate::store::make_folder(folder)?;
    let mut unique = [0; 8];
    entropy.fill(&mut unique);
    let temporary = folder.join(format!(".master-key.{}.{}", std::process::id(), HEXLOWER.encode(&unique)));
    let linked = write_whole(&temporary, entropy).and_then(|()| match fs::hard_link(&temporary, path) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
        _ => Ok(()),
    });
    let removed = fs::remove_file(&temporary);
    linked?;
    removed?;
    File::open(folder)?.sync_all()
}

fn write_whole(temporary: &Path, entropy: &dyn Entropy) -> io::Result<()> {
    let key = MasterKey::generate(entropy);
    let mut file = OpenOptions::new().write(true).create_new(true).mode(OWNER_ONLY).open(temporary)?;
    file.write_all(key.to_base64().expose_secret().as_bytes())?;
    file.write_all(b"\n")?;
    file.sync_all()
}

fn read(path: &Path, file: File) -> Result<MasterKey, KeyError> {
    let failed = |why| KeyError::File { path: path.to_owned(), why };
    let about = file.metadata().map_err(failed)?;
    let mode = about.mode() & 0o777;
    if mode & EVERYBODY_ELSE != 0 {
        return Err(KeyError::Exposed { path: path.to_owned(), mode });
    }
    let mut text = Zeroizing::new(String::new());
    if about.len() > LONGEST_FILE_BYTES || file.take(LONGEST_FILE_BYTES).read_to_string(&mut text).is_err() {
        return Err(KeyError::NotAKeyFile(path.to_owned()));
    }
    MasterKey::from_base64(&text).map_err(|_| KeyError::NotAKeyFile(path.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;
    use std::sync::atomic::{AtomicU64, Ordering};
    use std::sync::{Arc, Barrier};

    #[derive(Default)]
    struct Rising(AtomicU64);
    impl Entropy for Rising {
        fn fill(&self, into: &mut [u8]) {
            for byte in into {
                *byte = (self.0.fetch_add(1, Ordering::Relaxed) % 251) as u8;
            }
        }
    }

    #[test]
    fn base64_goes_both_ways_and_other_lengths_are_refused() {
        let key = MasterKey::generate(&Rising::default());
        let text = key.to_base64();
        assert_eq!(MasterKey::from_base64(&format!(" {}\n", text.expose_secret())).unwrap().expose(), key.expose());
        for given in ["", "hunter2", &BASE64.encode(&[0; 31]), &BASE64.encode(&[0; 33])] {
            let refusal = MasterKey::from_base64(given).unwrap_err().to_string();
            assert!(given.is_empty() || !refusal.contains(given), "{refusal}");
        }
        assert_eq!(format!("{key:?}"), "MasterKey(hidden)");
    }

    #[test]
    fn the_file_is_made_once_for_its_owner_only() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys/master");
        let entropy = Rising::default();
        let made = MasterKey::load_or_create(&path, &entropy).unwrap();
        let loaded = MasterKey::load_or_create(&path, &entropy).unwrap();
        assert_eq!(made.expose(), loaded.expose());
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o600);
        assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1, "no temporary file stays");
    }

    #[test]
    fn a_file_that_others_can_read_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("master");
        MasterKey::load_or_create(&path, &Rising::default()).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        let refusal = MasterKey::load_or_create(&path, &Rising::default()).unwrap_err().to_string();
        assert!(refusal.contains("640") && refusal.contains("chmod 600"), "{refusal}");
    }

    #[test]
    fn a_damaged_file_is_never_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("master");
        for damaged in [Vec::new(), b"AAAA".to_vec(), vec![0xff; 44], vec![b'A'; 4_096]] {
            fs::write(&path, &damaged).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
            let refused = MasterKey::load_or_create(&path, &Rising::default());
            assert!(matches!(refused, Err(KeyError::NotAKeyFile(_))), "{refused:?}");
            assert_eq!(fs::read(&path).unwrap(), damaged);
        }
    }

    #[test]
    fn processes_that_start_at_once_end_with_one_key() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("master");
        let entropy = Arc::new(Rising::default());
        let start = Arc::new(Barrier::new(8));
        let racers: Vec<_> = (0..8)
            .map(|_| {
                let (path, entropy, start) = (path.clone(), Arc::clone(&entropy), Arc::clone(&start));
                std::thread::spawn(move || {
                    start.wait();
                    *MasterKey::load_or_create(&path, entropy.as_ref()).unwrap().expose()
                })
            })
            .collect();
        let keys: Vec<_> = racers.into_iter().map(|racer| racer.join().unwrap()).collect();
        assert!(keys.iter().all(|key| key == &keys[0]));
    }
}
