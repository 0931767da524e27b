//! Who asks, and under which key, as the call's metadata says.

use tonic::Request;
use tonic::metadata::MetadataMap;

use super::admission::Role;
use super::error::Error;

/// The caller of one method.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// As whom its certificate lets it call.
    pub role: Role,
    /// The member the gateway speaks for; `None` for the ministry itself.
    pub member: Option<String>,
    /// What makes a repeat a repeat; `None` where the caller gave nothing.
    pub key: Option<String>,
    /// The message's id in the outer protocol, for the log.
    pub message_id: String,
}

impl Caller {
    /// Reads connection and metadata.
    ///
    /// Errors: a certificate without a role; a gateway that names no member; a value that is too long or not printable.
    pub fn read<T>(request: &Request<T>) -> Result<Self, Error> {
        let role = request.extensions().get::<Role>().copied().unwrap_or(Role::Stranger);
        let metadata = request.metadata();
        let member = text(metadata, "lienthong-member", KEY_BYTES_MAX)?;
        match role {
            Role::Stranger => return Err(Error::UnknownCaller),
            Role::Gateway if member.is_none() => return Err(Error::MemberRequired),
            Role::Gateway | Role::Ministry => {}
        }
        Ok(Self {
            role,
            member,
            key: text(metadata, "idempotency-key", KEY_BYTES_MAX)?,
            message_id: text(metadata, "lienthong-message-id", MESSAGE_ID_BYTES_MAX)?.unwrap_or_default(),
        })
    }

    /// The member as stored: empty for the ministry itself.
    pub fn member_stored(&self) -> &str {
        self.member.as_deref().unwrap_or_default()
    }

    /// Whether this caller may see what `member` submitted.
    pub fn sees(&self, member: &str) -> bool {
        self.member.as_ref().is_none_or(|own| own == member)
    }
}

fn text(metadata: &MetadataMap, name: &'static str, bytes_max: usize) -> Result<Option<String>, Error> {
    let mut values = metadata.get_all(name).iter();
    let (Some(value), None) = (values.next(), values.next()) else {
        // Two values are two opinions; which one a proxy meant cannot be told.
        return if metadata.contains_key(name) { Err(Error::field(name, "có nhiều giá trị")) } else { Ok(None) };
    };
    let value = value.to_str().map_err(|_| Error::field(name, "có ký tự không in được"))?;
    if value.is_empty() || value.len() > bytes_max {
        return Err(Error::field(name, &format!("phải có từ 1 đến {bytes_max} ký tự")));
    }
    Ok(Some(value.to_owned()))
}

const KEY_BYTES_MAX: usize = 200;
/// 255 characters of 4 bytes, each written as `%XX`.
const MESSAGE_ID_BYTES_MAX: usize = 255 * 4 * 3;
