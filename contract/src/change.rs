//! One difference between two documents.

use std::fmt;

/// A change that breaks a client which was written for the old document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Where: the operation, then the way to the part, such as
    /// `postMessage 201 .author.kind`.
    pub place: String,
    /// What.
    pub rule: Rule,
}

/// The ways to break a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Rule {
    /// A path, or a method of it, is gone.
    OperationRemoved,
    /// Generated clients call it by this name.
    OperationIdChanged,
    /// It was open, or another credential was enough.
    SecurityAdded,
    /// A documented status is gone.
    StatusRemoved,
    /// A success that the client cannot know.
    SuccessAdded,
    /// A media type is no longer taken, or no longer given.
    MediaTypeRemoved,
    /// A header of an answer is gone.
    HeaderRemoved,
    /// A parameter is gone: whoever gives it gets something else.
    ParameterRemoved,
    /// A parameter or a request's field must be given now.
    RequiredAdded,
    /// A request must have a body now.
    BodyRequired,
    /// A request has no body any more, or an answer none.
    BodyRemoved,
    /// A field of an answer is gone, or a request's field is no longer taken.
    FieldRemoved,
    /// A field of an answer may be absent now.
    FieldOptional,
    /// The type or the format is another.
    TypeChanged,
    /// A value of a request is no longer taken.
    ValueRemoved,
    /// A request's value must be one of a list now; an answer's no longer is.
    EnumerationChanged,
    /// A rule for a request's value is tighter.
    Tightened,
    /// What is left out means something else now.
    DefaultChanged,
    /// `null` is no longer taken, or is given now.
    NullChanged,
    /// Unknown fields are no longer taken.
    Closed,
    /// One of several shapes is no longer taken, or is new in answers.
    VariantChanged,
}

impl fmt::Display for Change {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.place, self.rule.words())
    }
}

impl Rule {
    fn words(self) -> &'static str {
        match self {
            Self::OperationRemoved => "the operation is gone",
            Self::OperationIdChanged => "the operation has another id",
            Self::SecurityAdded => "credentials are asked for that were not",
            Self::StatusRemoved => "the status is gone",
            Self::SuccessAdded => "a success that clients do not know",
            Self::MediaTypeRemoved => "the media type is gone",
            Self::HeaderRemoved => "the header is gone",
            Self::ParameterRemoved => "the parameter is gone",
            Self::RequiredAdded => "must be given now",
            Self::BodyRequired => "a body must be given now",
            Self::BodyRemoved => "the body is gone",
            Self::FieldRemoved => "the field is gone",
            Self::FieldOptional => "may be absent now",
            Self::TypeChanged => "has another type or format",
            Self::ValueRemoved => "a value is no longer taken",
            Self::EnumerationChanged => "the list of its values came or went",
            Self::Tightened => "the rule for its values is tighter",
            Self::DefaultChanged => "what is left out means something else",
            Self::NullChanged => "null is no longer taken, or is given now",
            Self::Closed => "unknown fields are no longer taken",
            Self::VariantChanged => "one of its shapes is gone, or new",
        }
    }
}
