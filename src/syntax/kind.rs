//! Kinds of nodes and names of fields.
//!
//! The first part of [`Kind`] mirrors tree-sitter-c's named nodes; the second part are nodes that only the overlay
//! knows (the truth about macros) and placeholders of rules. A kind is a number: matching never compares strings.

macro_rules! kinds {
    ($($variant:ident = $name:literal),* $(,)?) => {
        /// What a node is.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u8)]
        #[expect(missing_docs, reason = "the grammar's own names, see tree-sitter-c's node-types.json")]
        pub enum Kind { $($variant),* }

        impl Kind {
            /// The grammar's name of the kind.
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $name),* }
            }

            /// The kind with that name.
            pub fn from_name(name: &str) -> Option<Self> {
                match name { $($name => Some(Self::$variant),)* _ => None }
            }

            /// Every kind.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];
        }
    };
}

kinds! {
    AbstractArrayDeclarator = "abstract_array_declarator",
    AbstractFunctionDeclarator = "abstract_function_declarator",
    AbstractParenthesizedDeclarator = "abstract_parenthesized_declarator",
    AbstractPointerDeclarator = "abstract_pointer_declarator",
    AlignasQualifier = "alignas_qualifier",
    AlignofExpression = "alignof_expression",
    ArgumentList = "argument_list",
    ArrayDeclarator = "array_declarator",
    AssignmentExpression = "assignment_expression",
    Attribute = "attribute",
    AttributeDeclaration = "attribute_declaration",
    AttributeSpecifier = "attribute_specifier",
    AttributedDeclarator = "attributed_declarator",
    AttributedStatement = "attributed_statement",
    BinaryExpression = "binary_expression",
    BitfieldClause = "bitfield_clause",
    BreakStatement = "break_statement",
    CallExpression = "call_expression",
    CaseStatement = "case_statement",
    CastExpression = "cast_expression",
    CharLiteral = "char_literal",
    CommaExpression = "comma_expression",
    CompoundLiteralExpression = "compound_literal_expression",
    CompoundStatement = "compound_statement",
    ConcatenatedString = "concatenated_string",
    ConditionalExpression = "conditional_expression",
    ContinueStatement = "continue_statement",
    Declaration = "declaration",
    DeclarationList = "declaration_list",
    DoStatement = "do_statement",
    ElseClause = "else_clause",
    EnumSpecifier = "enum_specifier",
    Enumerator = "enumerator",
    EnumeratorList = "enumerator_list",
    ExpressionStatement = "expression_statement",
    ExtensionExpression = "extension_expression",
    FieldDeclaration = "field_declaration",
    FieldDeclarationList = "field_declaration_list",
    FieldDesignator = "field_designator",
    FieldExpression = "field_expression",
    ForStatement = "for_statement",
    FunctionDeclarator = "function_declarator",
    FunctionDefinition = "function_definition",
    GenericExpression = "generic_expression",
    GnuAsmClobberList = "gnu_asm_clobber_list",
    GnuAsmExpression = "gnu_asm_expression",
    GnuAsmGotoList = "gnu_asm_goto_list",
    GnuAsmInputOperand = "gnu_asm_input_operand",
    GnuAsmInputOperandList = "gnu_asm_input_operand_list",
    GnuAsmOutputOperand = "gnu_asm_output_operand",
    GnuAsmOutputOperandList = "gnu_asm_output_operand_list",
    GnuAsmQualifier = "gnu_asm_qualifier",
    GotoStatement = "goto_statement",
    IfStatement = "if_statement",
    InitDeclarator = "init_declarator",
    InitializerList = "initializer_list",
    InitializerPair = "initializer_pair",
    LabeledStatement = "labeled_statement",
    LinkageSpecification = "linkage_specification",
    MacroTypeSpecifier = "macro_type_specifier",
    MsBasedModifier = "ms_based_modifier",
    MsCallModifier = "ms_call_modifier",
    MsDeclspecModifier = "ms_declspec_modifier",
    MsPointerModifier = "ms_pointer_modifier",
    MsUnalignedPtrModifier = "ms_unaligned_ptr_modifier",
    Null = "null",
    OffsetofExpression = "offsetof_expression",
    ParameterDeclaration = "parameter_declaration",
    ParameterList = "parameter_list",
    ParenthesizedDeclarator = "parenthesized_declarator",
    ParenthesizedExpression = "parenthesized_expression",
    PointerDeclarator = "pointer_declarator",
    PointerExpression = "pointer_expression",
    PreprocCall = "preproc_call",
    PreprocDef = "preproc_def",
    PreprocDefined = "preproc_defined",
    PreprocElif = "preproc_elif",
    PreprocElifdef = "preproc_elifdef",
    PreprocElse = "preproc_else",
    PreprocFunctionDef = "preproc_function_def",
    PreprocIf = "preproc_if",
    PreprocIfdef = "preproc_ifdef",
    PreprocInclude = "preproc_include",
    PreprocParams = "preproc_params",
    ReturnStatement = "return_statement",
    SehExceptClause = "seh_except_clause",
    SehFinallyClause = "seh_finally_clause",
    SehLeaveStatement = "seh_leave_statement",
    SehTryStatement = "seh_try_statement",
    SizedTypeSpecifier = "sized_type_specifier",
    SizeofExpression = "sizeof_expression",
    StorageClassSpecifier = "storage_class_specifier",
    StringLiteral = "string_literal",
    StructSpecifier = "struct_specifier",
    SubscriptDesignator = "subscript_designator",
    SubscriptExpression = "subscript_expression",
    SubscriptRangeDesignator = "subscript_range_designator",
    SwitchStatement = "switch_statement",
    TranslationUnit = "translation_unit",
    TypeDefinition = "type_definition",
    TypeDescriptor = "type_descriptor",
    TypeQualifier = "type_qualifier",
    UnaryExpression = "unary_expression",
    UnionSpecifier = "union_specifier",
    UpdateExpression = "update_expression",
    VariadicParameter = "variadic_parameter",
    WhileStatement = "while_statement",
    Character = "character",
    Comment = "comment",
    EscapeSequence = "escape_sequence",
    False = "false",
    FieldIdentifier = "field_identifier",
    Identifier = "identifier",
    MsRestrictModifier = "ms_restrict_modifier",
    MsSignedPtrModifier = "ms_signed_ptr_modifier",
    MsUnsignedPtrModifier = "ms_unsigned_ptr_modifier",
    NumberLiteral = "number_literal",
    PreprocArg = "preproc_arg",
    PreprocDirective = "preproc_directive",
    PrimitiveType = "primitive_type",
    StatementIdentifier = "statement_identifier",
    StringContent = "string_content",
    SystemLibString = "system_lib_string",
    True = "true",
    TypeIdentifier = "type_identifier",
    // A piece of punctuation, a keyword or an operator; its text says which.
    Token = "token",
    // What the grammar could not read.
    Error = "ERROR",
    // A token that the grammar assumed and the text does not have.
    Missing = "MISSING",
    // The overlay's: what macros and rules stand for.
    MacroIterator = "macro_iterator",
    MacroStatement = "macro_statement",
    MacroDeclaration = "macro_declaration",
    MacroFunctionDefinition = "macro_function_definition",
    TypeArgument = "type_argument",
    StatementArgument = "statement_argument",
    // Tokens among the arguments of a macro that are no operand, such as a bare operator.
    TokenArgument = "token_argument",
    MacroAttribute = "macro_attribute",
    OpaqueRegion = "opaque_region",
    // An arm of a conditional that splits an item; another arm was read.
    UnreadArm = "unread_arm",
    Metavariable = "metavariable",
    Dots = "dots",
    Disjunction = "disjunction",
    Conjunction = "conjunction",
    Nest = "nest",
}

macro_rules! fields {
    ($($variant:ident = $name:literal),* $(,)?) => {
        /// The role of a node in its parent.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u8)]
        #[expect(missing_docs, reason = "the grammar's own names, see tree-sitter-c's node-types.json")]
        pub enum Field { $($variant),* }

        impl Field {
            /// The grammar's name of the field.
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $name),* }
            }

            /// The field with that name.
            pub fn from_name(name: &str) -> Option<Self> {
                match name { $($name => Some(Self::$variant),)* _ => None }
            }
        }
    };
}

fields! {
    Alternative = "alternative",
    Argument = "argument",
    Arguments = "arguments",
    AssemblyCode = "assembly_code",
    Body = "body",
    Clobbers = "clobbers",
    Condition = "condition",
    Consequence = "consequence",
    Constraint = "constraint",
    Declarator = "declarator",
    Designator = "designator",
    Directive = "directive",
    End = "end",
    Field = "field",
    Filter = "filter",
    Function = "function",
    GotoLabels = "goto_labels",
    Index = "index",
    Initializer = "initializer",
    InputOperands = "input_operands",
    Label = "label",
    Left = "left",
    Member = "member",
    Name = "name",
    Operand = "operand",
    Operator = "operator",
    OutputOperands = "output_operands",
    Parameters = "parameters",
    Path = "path",
    Prefix = "prefix",
    Register = "register",
    Right = "right",
    Size = "size",
    Start = "start",
    Symbol = "symbol",
    Type = "type",
    UnderlyingType = "underlying_type",
    Update = "update",
    Value = "value",
}

impl Kind {
    /// Whether it is an expression that can stand where a value is wanted.
    pub fn is_expression(self) -> bool {
        use Kind::*;
        matches!(
            self,
            Identifier
                | NumberLiteral
                | StringLiteral
                | ConcatenatedString
                | CharLiteral
                | True
                | False
                | Null
                | AlignofExpression
                | AssignmentExpression
                | BinaryExpression
                | CallExpression
                | CastExpression
                | CommaExpression
                | CompoundLiteralExpression
                | ConditionalExpression
                | ExtensionExpression
                | FieldExpression
                | GenericExpression
                | GnuAsmExpression
                | OffsetofExpression
                | ParenthesizedExpression
                | PointerExpression
                | SizeofExpression
                | SubscriptExpression
                | UnaryExpression
                | UpdateExpression
        )
    }

    /// Whether it is a statement (a declaration inside a function counts too).
    pub fn is_statement(self) -> bool {
        use Kind::*;
        matches!(
            self,
            AttributedStatement
                | BreakStatement
                | CaseStatement
                | CompoundStatement
                | ContinueStatement
                | Declaration
                | DoStatement
                | ExpressionStatement
                | ForStatement
                | GotoStatement
                | IfStatement
                | LabeledStatement
                | ReturnStatement
                | SwitchStatement
                | WhileStatement
                | MacroIterator
                | MacroStatement
                | MacroDeclaration
        )
    }

    /// Whether it is a loop with a body.
    pub fn is_loop(self) -> bool {
        matches!(self, Kind::ForStatement | Kind::WhileStatement | Kind::DoStatement | Kind::MacroIterator)
    }

    /// Whether nothing below it has been read: it is never edited and never matched through.
    pub fn is_opaque(self) -> bool {
        matches!(self, Kind::Error | Kind::Missing | Kind::OpaqueRegion | Kind::UnreadArm)
    }
}

/// A set of kinds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct KindSet([u64; 4]);

impl KindSet {
    /// Every kind.
    pub const ALL: Self = Self([u64::MAX; 4]);

    /// These kinds.
    pub fn of(kinds: &[Kind]) -> Self {
        let mut words = [0; 4];
        kinds.iter().for_each(|kind| words[*kind as usize / 64] |= 1 << (*kind as usize % 64));
        Self(words)
    }

    /// Whether a kind is in it.
    pub fn contains(self, kind: Kind) -> bool {
        self.0[kind as usize / 64] >> (kind as usize % 64) & 1 == 1
    }

    /// Both sets together.
    #[must_use]
    pub fn union(self, other: Self) -> Self {
        Self(std::array::from_fn(|i| self.0[i] | other.0[i]))
    }
}

/// The comparison that holds where this one does not.
pub fn opposite(comparison: &str) -> Option<&'static str> {
    Some(match comparison {
        "==" => "!=",
        "!=" => "==",
        "<" => ">=",
        ">=" => "<",
        ">" => "<=",
        "<=" => ">",
        _ => return None,
    })
}
