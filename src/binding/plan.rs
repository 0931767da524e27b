//! The compiled plan of one partner: what the flows and the transcoder run.
//!
//! ```text
//! Operation ── request ─▶ TypePlan of the wrapper ── leaf 0 ─▶ Message { field, plan } ─▶ TypePlan of HoSo
//!           └─ answer ──▶ …                       └─ leaf 1 ─▶ Scalar { field, codec }
//! ```
//! A `TypePlan` says what becomes of each leaf, attribute and text of one XSD type within one protobuf message. Where
//! an element has no plan it is validated and not carried.

use std::path::PathBuf;

use prost_reflect::DescriptorPool;

use crate::problem::Problems;
use crate::schema::bounds::Bounds;
use crate::schema::model::{ElementId, NamespaceId, Schema, TypeId};

/// Index in [`Partner::operations`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct OperationId(pub u16);

/// Index in `Partner::plans`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct PlanId(pub u32);

/// One partner profile: a binding.toml compiled against its schemas and the services' descriptors.
#[derive(Debug)]
pub struct Partner {
    /// Name in addresses and logs: `POST /soap/<name>`. From `[[partner]] name` of the configuration.
    pub name: String,
    /// Namespace of the operations' wrapper elements.
    pub namespace: String,
    /// Which header protocol carries message ids and identities.
    pub headers: HeaderProtocol,
    /// The partner's XSD.
    pub schema: Schema,
    /// Schema files in the order of the binding's `schemas`, as served by `?xsd=<file name>`.
    pub schema_files: Vec<PathBuf>,
    /// Its operations.
    pub operations: Vec<Operation>,
    /// What becomes of each XSD type.
    pub(crate) plans: Vec<TypePlan>,
    /// Qualified names as written, by element: `ns1:NopHoSo`, `HoSo`.
    pub(crate) tags: Vec<Box<str>>,
    /// Prefix of each namespace as written, by [`NamespaceId`]; empty for "no namespace".
    pub(crate) prefixes: Vec<Box<str>>,
    /// `xmlns:…` and its value, for the namespaces that elements stand in.
    pub(crate) declarations: Vec<(Box<str>, Box<str>)>,
    /// `[alias]`: local name as received → name that the schema declares.
    pub(crate) aliases: Vec<Alias>,
    /// What becomes of elements and attributes that the schema does not know.
    pub unknown: Unknown,
    /// `codes`: local names of elements by whose text a message is found again.
    pub(crate) codes: Vec<Box<str>>,
    /// `[outcome]`: `STATUS` or `STATUS/REASON` → code.
    pub(crate) outcomes: Vec<(Box<str>, Box<str>)>,
}

/// `headers` of the binding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HeaderProtocol {
    /// X-Road message protocol 4.0.
    XRoad,
    /// WS-Addressing 1.0.
    Addressing,
    /// None: the certificate and the binding's `key` say all.
    None,
}

/// `unknown` of the binding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Unknown {
    /// The message is refused, as XML Schema asks.
    #[default]
    Refuse,
    /// They are passed over, counted, and reported to the sender: nothing is lost silently.
    Report,
}

/// What a repeat of the same request means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// Reads only: may be repeated freely.
    Read,
    /// Must take effect once, however often it is sent.
    Once,
    /// Says how things stand, as of now: once for a message id. Without one, the newest holds, and the service itself
    /// must know the last one again.
    State,
}

/// One operation of a partner.
#[derive(Debug)]
pub struct Operation {
    /// Local name of the request wrapper, and X-Road's serviceCode: `NopHoSo`.
    pub name: String,
    /// gRPC path: `/molisa.dossier.v1.DossierService/SubmitDossier`.
    pub method: String,
    /// What a repeat means.
    pub effect: Effect,
    /// Request wrapper element.
    pub request_element: ElementId,
    /// Answer wrapper element: `NopHoSoResponse` unless the binding says otherwise.
    pub answer_element: ElementId,
    /// Whether the answer carries business outcomes (`@code`): without, a refusal is a fault.
    pub carries_outcome: bool,
    /// What becomes of the request wrapper's content.
    pub(crate) request: PlanId,
    /// What the answer wrapper's content comes from.
    pub(crate) answer: PlanId,
    /// `key`: paths below the request wrapper.
    pub(crate) key: Vec<Vec<Step>>,
    /// `agencies` and `procedures`.
    pub(crate) subjects: Subjects,
}

/// Where a request names the agencies and procedures that its sender must have a right to, dossier by dossier.
#[derive(Debug, Default)]
pub(crate) struct Subjects {
    /// To the element that stands for one dossier, below the request wrapper: the deepest that all paths share. Empty:
    /// the wrapper itself.
    pub(crate) each: Vec<Step>,
    /// `agencies`: below that element, to values that are an agency's code or begin with one.
    pub(crate) agencies: Vec<Vec<Step>>,
    /// `procedures`: below that element, to values that are a procedure's code.
    pub(crate) procedures: Vec<Vec<Step>>,
}

/// One step of a path below an element.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Step {
    /// A child element.
    Element(NamespaceId, Box<str>),
    /// An attribute, the last step.
    Attribute(NamespaceId, Box<str>),
}

/// What becomes of one XSD type within one protobuf message.
#[derive(Debug)]
pub(crate) struct TypePlan {
    /// The complex type.
    pub(crate) type_id: TypeId,
    /// Full name of the message its content belongs to; for people.
    pub(crate) message: String,
    /// By leaf of its content model.
    pub(crate) leaves: Vec<Action>,
    /// By attribute of the type.
    pub(crate) attributes: Vec<Action>,
    /// For the text of simple content.
    pub(crate) text: Action,
    /// What of it is a person's.
    pub(crate) personal: Personal,
}

/// What of a type the binding marks as personal: the value there, and all below.
#[derive(Debug, Clone, Default)]
pub(crate) struct Personal {
    /// By leaf of the content model.
    pub(crate) leaves: Vec<bool>,
    /// By attribute.
    pub(crate) attributes: Vec<bool>,
    /// The text of simple content.
    pub(crate) text: bool,
}

impl Personal {
    /// Whether nothing at this place is marked; what stands below may be.
    pub(crate) fn is_empty(&self) -> bool {
        !self.text && !self.leaves.iter().chain(&self.attributes).any(|&marked| marked)
    }
}

/// What becomes of one element, attribute or text.
#[derive(Debug, Clone)]
pub(crate) enum Action {
    /// Validated, not carried.
    Ignore,
    /// One value, one field.
    Scalar(Target, Codec),
    /// An element that is a message of its own.
    Message(Target, Nested),
    /// A wrapper: its children belong to the message around it.
    Inline(PlanId),
    /// A text that is a document of its own, with this document element; what becomes of that: [`Action::Inline`] or
    /// [`Action::Message`].
    Document(ElementId, Box<Action>),
    /// The business outcome's code.
    OutcomeCode,
    /// The business outcome's text.
    OutcomeMessage,
}

impl Action {
    /// The field of its own that it becomes.
    pub(crate) fn target(&self) -> Option<&Target> {
        match self {
            Self::Scalar(target, _) | Self::Message(target, _) => Some(target),
            _ => None,
        }
    }
}

/// The plan of a nested message, and those of the types that may stand for it by `xsi:type`.
#[derive(Debug, Clone)]
pub(crate) struct Nested {
    /// For the declared type.
    pub(crate) plan: PlanId,
    /// For types derived from it.
    pub(crate) derived: Vec<(TypeId, PlanId)>,
}

/// A field, from the message that the plan belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Target {
    /// Numbers of the messages on the way: `owner.contact` of `owner.contact.email`. Of a repeated one the first is
    /// meant: `identities[0]`.
    pub(crate) path: Box<[Around]>,
    /// The field's number.
    pub(crate) field: u32,
    /// Whether the field knows "absent" from its default value (proto3 `optional`, `oneof`, messages).
    pub(crate) presence: bool,
    /// Whether it is repeated.
    pub(crate) repeated: bool,
    /// The path as the binding has it; for people.
    pub(crate) name: Box<str>,
}

/// A message around a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Around {
    /// Its field's number.
    pub(crate) field: u32,
    /// Whether the field is repeated.
    pub(crate) repeated: bool,
}

/// How a value converts. Lexical forms are the partner's; each is total on what the XSD type allows, or says at run
/// time which rule `binding.*` a value breaks.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Codec {
    /// `string`, as it is.
    Text,
    /// `bool` by words: true, false.
    Bool(Box<str>, Box<str>),
    /// An integer.
    Integer(IntegerWire),
    /// `int64` that counts units of 10⁻ˢᶜᵃˡᵉ.
    Scaled(u32, IntegerWire),
    /// `double`.
    Double,
    /// `float`.
    Float,
    /// `bytes` ↔ base64.
    Base64,
    /// `bytes` ↔ hexadecimal.
    Hex,
    /// An enum by its table: lexical form ↔ number.
    Enum(Words),
    /// `google.protobuf.Timestamp` ↔ a pattern.
    Time(TimePattern),
    /// `google.protobuf.Timestamp` ↔ xs:dateTime.
    DateTime {
        /// Minutes east of UTC of values without a zone, and of what is written.
        zone: i32,
    },
    /// A message of year, month and day (`google.type.Date`) ↔ a pattern or xs:date.
    Date(TimePattern),
    /// `google.protobuf.Duration` ↔ xs:duration of days and smaller.
    Duration,
}

/// A code list.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Words {
    /// Lexical form and number, each once.
    pub(crate) pairs: Box<[(Box<str>, i32)]>,
    /// Whether codes are numbers: `01` and `1` are the same then.
    pub(crate) is_numeric: bool,
}

/// How an integer stands on the wire, and its range.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum IntegerWire {
    Int32,
    Int64,
    Uint32,
    Uint64,
    Sint32,
    Sint64,
    Fixed32,
    Fixed64,
    Sfixed32,
    Sfixed64,
}

/// A date and time pattern: `yyyyMMddHHmmss`, `dd/MM/yyyy HH:mm:ss`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TimePattern {
    /// As the binding has it.
    pub(crate) written: Box<str>,
    /// Its pieces, in order.
    pub(crate) pieces: Box<[TimePiece]>,
    /// Minutes east of UTC.
    pub(crate) zone: i32,
    /// Whether the empty text means that there is no value.
    pub(crate) empty_is_absent: bool,
}

/// One piece of a [`TimePattern`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TimePiece {
    Year,
    Month,
    Day,
    Hour,
    Minute,
    Second,
    Literal(char),
}

/// Local name as received → name that the schema declares.
pub(crate) type Alias = (Box<str>, Box<str>);

/// The name that the schema declares for what is received by this local name, where an alias has one.
pub(crate) fn declared_name<'a>(aliases: &'a [Alias], received: &str) -> Option<&'a str> {
    aliases.iter().find(|(name, _)| **name == *received).map(|(_, declared)| &**declared)
}

impl Partner {
    /// Whether a received local name means a declared one: by itself, or by an alias.
    pub(crate) fn means(&self, received: &str, declared: &str) -> bool {
        received == declared || declared_name(&self.aliases, received) == Some(declared)
    }

    /// Reads and compiles `binding_file`; schemas are relative to it.
    ///
    /// `pools` are the descriptors of all configured services. All problems are added to `problems`; `None` where any
    /// of them is an error.
    pub fn compile(
        name: &str,
        binding_file: &std::path::Path,
        pools: &[DescriptorPool],
        problems: &mut Problems,
    ) -> Option<Self> {
        super::compile::compile(name, binding_file, pools, problems)
    }

    /// The operation whose request wrapper has this expanded name.
    pub fn operation(&self, namespace: &str, local: &str) -> Option<OperationId> {
        let wanted = self.schema.element(namespace, local)?;
        let index = self.operations.iter().position(|operation| operation.request_element == wanted)?;
        Some(OperationId(index as u16))
    }

    /// An operation by its id.
    pub fn operation_of(&self, id: OperationId) -> &Operation {
        &self.operations[id.0 as usize]
    }

    /// How large a valid request can be, and a document in a text of one. Nothing is bounded where what the schema does
    /// not know is passed over.
    pub fn request_bounds(&self) -> Bounds {
        match self.unknown {
            Unknown::Report => Bounds::NONE,
            Unknown::Refuse => {
                let requests = self.operations.iter().map(|operation| operation.request_element);
                Bounds::of(&self.schema, requests.chain(self.documents()))
            }
        }
    }

    /// Document elements of texts.
    fn documents(&self) -> impl Iterator<Item = ElementId> + '_ {
        let actions = self.plans.iter().flat_map(|plan| plan.leaves.iter().chain(&plan.attributes).chain([&plan.text]));
        actions.filter_map(|action| if let Action::Document(root, _) = action { Some(*root) } else { None })
    }

    /// The partner's code for a business outcome: `STATUS/REASON` if listed, else `STATUS`.
    pub(crate) fn outcome(&self, status: &str, reason: &str) -> Option<&str> {
        let find = |key: &str| self.outcomes.iter().find(|(known, _)| &**known == key).map(|(_, code)| &**code);
        find(&format!("{status}/{reason}")).or_else(|| find(status))
    }

    pub(crate) fn plan(&self, id: PlanId) -> &TypePlan {
        &self.plans[id.0 as usize]
    }
}
