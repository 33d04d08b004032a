//! How types of Rust are written in C.

use std::ffi::c_void;

use tidegate_abi::Call;

/// A struct.
pub(crate) struct Layout {
    pub(crate) name: &'static str,
    pub(crate) size: usize,
    pub(crate) align: usize,
    pub(crate) fields: Vec<Field>,
}

/// A field of a struct.
pub(crate) struct Field {
    pub(crate) name: &'static str,
    pub(crate) at: usize,
    pub(crate) size: usize,
    /// Its type, as C writes it.
    pub(crate) kind: String,
}

/// A field, by how it is reached.
pub(crate) fn field<S, F: InC>(name: &'static str, at: usize, _: impl Fn(&S) -> &F) -> Field {
    Field { name, at, size: size_of::<F>(), kind: F::name() }
}

/// A type that C has, too.
pub(crate) trait InC {
    /// As C writes it.
    fn name() -> String;
}

macro_rules! named {
    ($($rust:ty = $c:literal),* $(,)?) => {
        $(impl InC for $rust {
            fn name() -> String {
                $c.to_owned()
            }
        })*
    };
}

named! {
    () = "void",
    c_void = "void",
    u8 = "uint8_t",
    u16 = "uint16_t",
    u32 = "uint32_t",
    u64 = "uint64_t",
    usize = "size_t",
    i32 = "int32_t",
    i64 = "int64_t",
    f32 = "float",
    f64 = "double",
    Call = "tidegate_call",
}

impl<T: InC> InC for *const T {
    fn name() -> String {
        format!("const {} *", T::name())
    }
}

impl<T: InC> InC for *mut T {
    fn name() -> String {
        format!("{} *", T::name())
    }
}

/// A function that may be null.
impl<F: InC> InC for Option<F> {
    fn name() -> String {
        F::name()
    }
}

macro_rules! functions {
    ($($argument:ident)*) => {
        impl<R: InC, $($argument: InC),*> InC for unsafe extern "C" fn($($argument),*) -> R {
            fn name() -> String {
                let arguments: Vec<String> = vec![$($argument::name()),*];
                format!("{} (*)({})", R::name(), arguments.join(", "))
            }
        }
    };
}

functions!(A);
functions!(A B);
functions!(A B C);
functions!(A B C D);
functions!(A B C D E);
functions!(A B C D E F);
