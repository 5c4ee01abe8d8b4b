'use strict';
// From a type, as the checker has it, to JSON Schema.
//
// Named types stand in `$defs`, whether or not they are recursive: who reads the schema, or the declarations made of it, finds the names
// of the source. What cannot cross is told with the place in the source and the path within the type, and the walk goes on.

const { comment_of, constraints_of, described } = require('./docs.cjs');
const { BUILT_IN, of_diglot, of_arrow } = require('./builtins.cjs');
const { same_parts, union_of } = require('./unions.cjs');

/** Types within types beyond this are a generic that never ends. */
const DEPTH_MAX = 64;
/** So many types of one name and different arguments, likewise. */
const DEFINITIONS_MAX = 2_000;
/** Properties that are not reached by a name: the checker's names for symbols. */
const BY_SYMBOL = /^__@/;

/** One function's types. */
class Types {
  /**
   * @param {import('./compiler.cjs').Compiler} compiler
   * @param {(node: any, message: string) => void} problem
   */
  constructor(compiler, problem) {
    this.compiler = compiler;
    this.checker = compiler.checker;
    this._problem = problem;
    /** Where the type is used that is being walked. */
    this._node = null;
    /** @type {string[]} */
    this._path = [];
    /** @type {Map<any, string>} by the type itself, or by that of the generic and its arguments */
    this._names = new Map();
    /** @type {Record<string, any>} */
    this.definitions = {};
    /** Types without a name that are just being walked: one that comes again is recursive. @type {Map<any, { name: string | null }>} */
    this._under_way = new Map();
  }

  /**
   * @param {any} type
   * @param {any} node where it stands in the source
   * @param {string} path what it is of: a parameter, or the result
   */
  schema(type, node, path) {
    this.schema_path(node, path);
    return this.convert(type);
  }

  /** @param {any} node @param {string} path of what is converted next */
  schema_path(node, path) {
    this._node = node;
    this._path = [path];
  }

  /** @param {string} message @returns {any} a schema in its place */
  fail(message) {
    this._problem(this._node, `${this._path.join('')}: ${message}`);
    return {};
  }

  /** @param {string} part of the path @param {() => any} walk */
  within(part, walk) {
    this._path.push(part);
    const schema = this._path.length > DEPTH_MAX ? this.fail('types nest too deep') : walk();
    this._path.pop();
    return schema;
  }

  /** @param {any} type @returns {string} as TypeScript writes it */
  text(type) {
    return this.checker.typeToString(type);
  }

  /** @param {any} type */
  convert(type) {
    const named = this._named(type);
    return named ?? this._convert_plain(type);
  }

  /** @param {any} type @returns {any} a reference to its definition; `null`: it has no name, or one that is not the program's own */
  _named(type) {
    const name = this._name_of(type);
    if (name === null) return null;
    const known = this._names.get(type);
    if (known !== undefined) return { $ref: `#/$defs/${known}` };
    if (Object.keys(this.definitions).length >= DEFINITIONS_MAX) return this.fail('the type goes on without end');
    const own = this._free(name.text);
    this._names.set(type, own);
    this.definitions[own] = {};
    const before = this._path;
    const node = this._node;
    const comment = comment_of(this.compiler, name.symbol);
    const constraints = constraints_of(comment.tags, (message) => this.fail(message));
    this.definitions[own] = { title: name.text, ...described(this._convert_plain(type), comment.description, constraints) };
    this._path = before;
    this._node = node;
    return { $ref: `#/$defs/${own}` };
  }

  /** @param {any} type @returns {{ text: string, symbol: any } | null} */
  _name_of(type) {
    const { TypeFlags, SymbolFlags } = this.compiler;
    const alias = this.compiler.alias_of(type);
    if (alias !== undefined && !this.is_foreign(alias)) return { text: this._instance_name(alias.name, this.compiler.alias_arguments(type)), symbol: alias };
    const is_enum = (type.flags & TypeFlags.EnumLike) !== 0;
    if (!(type.flags & TypeFlags.Object) && !is_enum) return null;
    const symbol = this.compiler.symbol_of(type);
    if (symbol === undefined || this.is_foreign(symbol)) return null;
    if (is_enum) return symbol.flags & SymbolFlags.Enum ? { text: symbol.name, symbol } : null;
    if (!(symbol.flags & (SymbolFlags.Interface | SymbolFlags.Class))) return null;
    if (of_diglot(this, type, symbol) !== null || of_arrow(this, symbol)) return null;
    const is_reference = (type.objectFlags & this.compiler.ObjectFlags.Reference) !== 0;
    return { text: this._instance_name(symbol.name, is_reference ? this.checker.getTypeArguments(type) : []), symbol };
  }

  /** @param {string} name @param {readonly any[]} of its arguments @returns {string} `Page<Item>` is PageOfItem */
  _instance_name(name, of) {
    const plain = name === 'default' ? 'Default' : name;
    // The last of an interface's own is what `this` is in it.
    const { TypeFlags } = this.compiler;
    const shown = of.filter((argument) => !(argument.flags & TypeFlags.TypeParameter && argument.isThisType)).map((argument) => this.text(argument).match(/[\p{L}\p{N}_]+/gu)?.map(capital).join('') ?? 'Any');
    return shown.length === 0 ? plain : `${plain}Of${shown.join('And')}`.slice(0, 80);
  }

  /** @param {string} name @returns {string} */
  _free(name) {
    for (let number = 1; ; number++) {
      const tried = number === 1 ? name : `${name}_${number}`;
      if (!Object.hasOwn(this.definitions, tried)) return tried;
    }
  }

  /** Whether it is one of TypeScript's own, or Node's. @param {any} symbol */
  is_foreign(symbol) {
    const [declaration] = this.compiler.declarations_of(symbol);
    if (declaration === undefined) return true;
    const source = declaration.getSourceFile();
    return this.compiler.is_library(source) || source.fileName.includes('/node_modules/@types/node/');
  }

  /** @param {any} type */
  _convert_plain(type) {
    const { TypeFlags } = this.compiler;
    const { flags } = type;
    if (this.compiler.is_error(type)) return this.fail('the type cannot be found: is what it is imported from installed, and does it have types?');
    if (flags & TypeFlags.AnyOrUnknown || flags & TypeFlags.Any || flags & TypeFlags.Unknown) return {};
    if (flags & TypeFlags.Never) return this.fail('never has no values');
    if (flags & TypeFlags.Boolean) return { type: 'boolean' };
    if (flags & TypeFlags.Union) return union_of(this, type);
    if (flags & TypeFlags.StringLiteral) return { type: 'string', const: this.compiler.literal_of(type) };
    if (flags & TypeFlags.NumberLiteral) return this._number(Number(this.compiler.literal_of(type)));
    if (flags & TypeFlags.BooleanLiteral) return { type: 'boolean', const: this.compiler.is_true(type) };
    if (flags & TypeFlags.BigIntLiteral) return this._bigint(/** @type {bigint} */ (this.compiler.literal_of(type)));
    if (flags & TypeFlags.String) return { type: 'string' };
    if (flags & TypeFlags.Number) return { type: 'number' };
    if (flags & TypeFlags.Enum) return { type: 'number' };
    if (flags & TypeFlags.BigInt) return { type: 'integer', 'x-diglot': 'bigint' };
    if (flags & TypeFlags.Null) return { type: 'null' };
    if (flags & (TypeFlags.Undefined | TypeFlags.Void)) return { type: 'null', 'x-diglot': 'undefined' };
    if (flags & TypeFlags.TemplateLiteral) return this._template(type);
    if (flags & TypeFlags.StringMapping) return { type: 'string' };
    if (flags & (TypeFlags.ESSymbol | TypeFlags.UniqueESSymbol)) return this.fail('a symbol cannot cross');
    if (flags & TypeFlags.NonPrimitive) return { type: 'object' };
    if (flags & TypeFlags.Intersection) return this._intersection(type);
    if (flags & TypeFlags.Object) return this._object(type);
    if (flags & TypeFlags.TypeParameter) return this.fail(`${this.text(type)} is a type parameter: a function that is offered has types that are known`);
    return this.fail(`${this.text(type)} depends on a type parameter: a function that is offered has types that are known`);
  }

  /** @param {number} value */
  _number(value) {
    return Number.isFinite(value) ? { type: Number.isInteger(value) ? 'integer' : 'number', const: value } : this.fail(`the literal ${value} cannot be written in a schema`);
  }

  /** @param {bigint} value */
  _bigint(value) {
    if (Number.isSafeInteger(Number(value))) return { type: 'integer', 'x-diglot': 'bigint', const: Number(value) };
    return this.fail(`the literal ${value}n is beyond 2⁵³: declare bigint`);
  }

  /** @param {any} type */
  _template(type) {
    const { TypeFlags } = this.compiler;
    const { texts, types } = this.compiler.template_of(type);
    const escaped = (text) => text.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&');
    let pattern = escaped(texts[0]);
    types.forEach((part, at) => {
      if (part.flags & TypeFlags.Number) pattern += '[+-]?(\\d+\\.?\\d*|\\.\\d+)([eE][+-]?\\d+)?';
      else if (part.flags & TypeFlags.BigInt) pattern += '-?\\d+';
      else pattern += '[\\s\\S]*';
      pattern += escaped(texts[at + 1]);
    });
    return { type: 'string', pattern: `^${pattern}$` };
  }

  /** Brands on what is not an object vanish; objects become one. @param {any} type */
  _intersection(type) {
    const { TypeFlags } = this.compiler;
    const parts = this.compiler.parts_of(type);
    const values = parts.filter((part) => !(part.flags & (TypeFlags.Object | TypeFlags.NonPrimitive)) || this._built_in(part) !== null || this.checker.isArrayType(part) || this.checker.isTupleType(part));
    if (values.length === 1) return this.convert(values[0]);
    if (values.length > 1) return { allOf: values.map((part) => this.convert(part)) };
    if (parts.some((part) => this.compiler.signatures_of(part).length > 0)) return this.fail('a function cannot cross');
    return this._recursive(type, () => this._members(type));
  }

  /** @param {any} type */
  _built_in(type) {
    const symbol = this.compiler.symbol_of(type);
    if (symbol === undefined) return null;
    if (this.is_foreign(symbol)) return BUILT_IN[symbol.name] ?? null;
    return null;
  }

  /** @param {any} type */
  _object(type) {
    if (this.checker.isTupleType(type)) return this._tuple(type);
    if (this.checker.isArrayType(type)) {
      const [item] = this.checker.getTypeArguments(type);
      return { type: 'array', items: this.within('[]', () => this.convert(item)) };
    }
    const symbol = this.compiler.symbol_of(type);
    const built_in = this._built_in(type);
    if (built_in !== null) return built_in(this, type, symbol.name);
    if (symbol !== undefined) {
      const own = of_diglot(this, type, symbol);
      if (own !== null) return own;
      if (of_arrow(this, symbol)) return { type: 'string', contentEncoding: 'base64', 'x-diglot': 'table' };
    }
    if (this.compiler.signatures_of(type).length > 0 || this.compiler.constructors_of(type).length > 0) return this.fail('a function cannot cross');
    if (symbol !== undefined && this.is_foreign(symbol) && symbol.flags & this.compiler.SymbolFlags.Interface) return this.fail(`${this.text(type)} has no counterpart in other languages`);
    return this._recursive(type, () => this._members(type));
  }

  /** One without a name that leads back to itself gets one. @param {any} type @param {() => any} walk */
  _recursive(type, walk) {
    if (this._names.has(type)) return walk();
    const around = this._under_way.get(type);
    if (around !== undefined) {
      around.name ??= this._free('Recursive');
      this.definitions[around.name] ??= {};
      return { $ref: `#/$defs/${around.name}` };
    }
    const own = { name: null };
    this._under_way.set(type, own);
    const schema = walk();
    this._under_way.delete(type);
    if (own.name === null) return schema;
    this.definitions[own.name] = schema;
    return { $ref: `#/$defs/${own.name}` };
  }

  /** @param {any} type */
  _tuple(type) {
    const { ElementFlags } = this.compiler;
    const flags = this.compiler.element_flags(type);
    const items = this.checker.getTypeArguments(type).slice(0, flags.length);
    const at_rest = flags.findIndex((flag) => flag & (ElementFlags.Rest | ElementFlags.Variadic));
    if (at_rest >= 0 && at_rest < flags.length - 1) return this.fail('of a tuple only the last may be a rest');
    const first = at_rest < 0 ? items : items.slice(0, at_rest);
    const prefix = first.map((item, at) => this.within(`[${at}]`, () => (flags[at] & ElementFlags.Optional ? this.convert_optional(item) : this.convert(item))));
    const min = flags.filter((flag) => flag & ElementFlags.Required).length;
    return {
      type: 'array',
      ...(prefix.length === 0 ? {} : { prefixItems: prefix }),
      items: at_rest < 0 ? false : this.within('[]', () => this.convert(items[at_rest])),
      ...(min === 0 ? {} : { minItems: min }),
    };
  }

  /** @param {any} type with properties */
  _members(type) {
    const { SymbolFlags, TypeFlags } = this.compiler;
    /** @type {Record<string, any>} */
    const properties = {};
    const required = [];
    for (const property of this._ordered_properties(type)) {
      const { name } = property;
      // A brand is in the types only.
      if (BY_SYMBOL.test(property.escapedName ?? name) || BY_SYMBOL.test(name)) continue;
      const own = this.checker.getTypeOfSymbol(property);
      this.within(`.${name}`, () => {
        const is_optional = (property.flags & SymbolFlags.Optional) !== 0;
        const is_private = this.is_private(property);
        if (is_private) return;
        if (property.flags & SymbolFlags.Method || (own.flags & TypeFlags.Object && this.compiler.signatures_of(own).length > 0)) {
          this.fail('a function cannot cross');
          return;
        }
        const { schema, may_be_absent } = this.property(own, is_optional, this.written(property, own));
        const comment = comment_of(this.compiler, property);
        Object.defineProperty(properties, name, { value: described(schema, comment.description, constraints_of(comment.tags, (message) => this.fail(message))), enumerable: true });
        if (!may_be_absent) required.push(name);
      });
    }
    const schema = { type: 'object', properties, ...(required.length === 0 ? {} : { required }) };
    return this._indexed(type, schema);
  }

  /** @param {any} symbol of a property or parameter @param {any} own its type @returns {any} the node that says this type, if it says just that */
  written(symbol, own) {
    const { TypeFlags } = this.compiler;
    if (!(own.flags & TypeFlags.Union)) return undefined;
    const node = this.compiler.declarations_of(symbol)[0]?.type;
    const said = node === undefined ? undefined : this.checker.getTypeFromTypeNode(node);
    return said !== undefined && same_parts(this, own, [said]) ? node : undefined;
  }

  /** The checker has those of mapped types in an order of its own. @param {any} type */
  _ordered_properties(type) {
    const properties = [...this.checker.getPropertiesOfType(type)];
    if (!(type.objectFlags & this.compiler.ObjectFlags.Mapped)) return properties;
    const places = new Map(properties.map((property) => [property, this.compiler.declarations_of(property)[0]?.pos ?? -1]));
    return properties.sort((a, b) => places.get(a) - places.get(b) || (a.name < b.name ? -1 : 1));
  }

  /**
   * @param {any} own type of a property or parameter
   * @param {boolean} is_optional
   * @param {any} [node] that says it
   * @returns {{ schema: any, may_be_absent: boolean }}
   */
  property(own, is_optional, node) {
    const { TypeFlags } = this.compiler;
    const parts = own.flags & TypeFlags.Union ? this.compiler.parts_of(own) : [own];
    const there = parts.filter((part) => !(part.flags & (TypeFlags.Undefined | TypeFlags.Void)));
    const may_be_absent = is_optional || there.length < parts.length;
    // Only there to be left out: `name?: never`.
    if (may_be_absent && there.every((part) => part.flags & TypeFlags.Never)) return { schema: false, may_be_absent };
    return { schema: may_be_absent ? this.convert_optional(own, node) : this._convert_written(own, node), may_be_absent };
  }

  /** @param {any} type @param {any} [node] that says it @returns {any} without undefined */
  convert_optional(type, node) {
    if (!(type.flags & this.compiler.TypeFlags.Union)) return this.convert(type);
    // What was written before undefined came to it may have a name.
    const said = node === undefined ? undefined : this.checker.getTypeFromTypeNode(node);
    if (said !== undefined && this.is_named(said)) return this.convert(said);
    return union_of(this, type, node, true);
  }

  /** @param {any} type @param {any} node */
  _convert_written(type, node) {
    return type.flags & this.compiler.TypeFlags.Union && !this.is_named(type) ? union_of(this, type, node) : this.convert(type);
  }

  /** @param {any} type whether it has a name that is the program's own */
  is_named(type) {
    return this._name_of(type) !== null;
  }

  /** @param {any} property whether it is hidden */
  is_private(property) {
    const { SyntaxKind } = this.compiler;
    const is_hidden = ({ kind }) => kind === SyntaxKind.PrivateKeyword || kind === SyntaxKind.ProtectedKeyword;
    return this.compiler.declarations_of(property).some((node) => node.name?.kind === SyntaxKind.PrivateIdentifier || node.modifiers?.some(is_hidden));
  }

  /** @param {any} type @param {any} schema */
  _indexed(type, schema) {
    const { TypeFlags } = this.compiler;
    for (const { keyType, valueType, type: of = valueType } of this.checker.getIndexInfosOfType(type)) {
      const value = this.within('[string]', () => this.property(of, false).schema);
      if (keyType.flags & TypeFlags.String) schema.additionalProperties = value;
      else if (keyType.flags & TypeFlags.Number) schema.patternProperties = { ...schema.patternProperties, '^-?\\d+(\\.\\d+)?$': value };
      else if (keyType.flags & TypeFlags.TemplateLiteral) schema.patternProperties = { ...schema.patternProperties, [this._template(keyType).pattern]: value };
      else this.fail(`keys of ${this.text(keyType)} cannot cross`);
    }
    return schema;
  }
}

/** @param {string} word */
function capital(word) {
  return word[0].toUpperCase() + word.slice(1);
}

module.exports = { Types };
