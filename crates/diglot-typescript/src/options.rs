//! What `compilerOptions` of a `tsconfig.json` say about the code that is made.

/// The options that change what a file becomes, with TypeScript's defaults filled in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    pub module: ModuleKind,
    pub decorators: Decorators,
    /// `strictNullChecks`: whether `null` counts in the metadata of a union.
    pub strict_null_checks: bool,
    /// `useDefineForClassFields`: fields are defined, else assigned.
    pub define_fields: bool,
    /// `verbatimModuleSyntax`: only imports that are marked as types are removed.
    pub verbatim_module_syntax: bool,
    /// `esModuleInterop`: the default import of a CommonJS module is its `module.exports`.
    pub es_module_interop: bool,
    pub jsx: Jsx,
}

/// What `module` says of a file that neither its name nor its package.json decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ModuleKind {
    /// `commonjs`, and the kinds older than ES modules.
    CommonJs,
    /// `node16`, `node18`, `node20`, `nodenext`: CommonJS unless package.json says otherwise; `import()` stays what it is.
    Node,
    /// `es2015` … `esnext`, `preserve`, or nothing: by the file's own syntax.
    Es,
}

/// Which decorators the program was written for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decorators {
    /// TC39's.
    Standard,
    /// `experimentalDecorators`, with `emitDecoratorMetadata` or without.
    Legacy { metadata: bool },
}

/// What becomes of JSX.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Jsx {
    /// `react`: calls of `jsxFactory`, in scope by the program's own import.
    Classic { factory: String, fragment: String },
    /// `react-jsx` and `react-jsxdev`, and what `preserve` becomes where nothing comes after: calls of what `jsxImportSource` exports.
    Automatic { import_source: String, development: bool },
}

impl Default for Options {
    /// Those of a program without `tsconfig.json`.
    fn default() -> Self {
        Self {
            module: ModuleKind::Es,
            decorators: Decorators::Standard,
            strict_null_checks: true,
            define_fields: true,
            verbatim_module_syntax: false,
            es_module_interop: true,
            jsx: Jsx::Automatic { import_source: "react".to_owned(), development: false },
        }
    }
}

impl Options {
    /// Tells these options from all others: 40 hexadecimal digits.
    pub fn fingerprint(&self) -> String {
        sha1_smol::Sha1::from(format!("{self:?}")).digest().to_string()
    }
}
