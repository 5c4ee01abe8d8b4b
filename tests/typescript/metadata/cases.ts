import type { IncomingMessage } from 'node:http';
import type { Imported as OnlyType } from './other';
import { CircularTwo } from './circular';
import { lines, noted } from './noted';
import Standard, { Imported, Level, Models, type Shape } from './other';
import * as other from './other';

interface Plain {
  a: number;
}
interface Callable {
  (): void;
}
interface Merged {
  extra: string;
}
class Merged {}
class Local<T = unknown> {
  declare value: T;
}
abstract class Abstract {}
enum Numbers {
  One = 1,
  Two,
}
enum Texts {
  A = 'a',
  B = `b`,
}
enum Mixed {
  A = 'a',
  B = 2,
}
const enum Constant {
  A,
  B,
}
enum Added {
  A = 1,
}
enum Added {
  B = 2,
}
type Id = string & { readonly brand: 'id' };
type Word = 'a' | 'b';
type Nullable = string | null;
type Handler = (value: string) => void;
type Names = string[];
type Pair = [string, number];
type Flag = true | false;
type Alias = Local;
type Big = bigint;
type Sign = symbol;
type Nothing = null | undefined;
type Anything = any;
type Deep = Word | Id;
type Chosen<T> = T extends string ? string : number;
namespace Space {
  export class Inner {}
  export interface Outline {
    a: 1;
  }
}

class Keywords {
  @noted a!: string;
  @noted b!: number;
  @noted c!: boolean;
  @noted d!: bigint;
  @noted e!: symbol;
  @noted f!: any;
  @noted g!: unknown;
  @noted h!: object;
  @noted i!: never;
  @noted j!: undefined;
  @noted k!: null;
  @noted l;
  @noted m = 5;
  @noted n?: string;
  @noted static o: number;
  @noted readonly p: string = '';
  @noted 'quoted name'!: string;
  @noted 42!: string;
}

class Literals {
  @noted a!: 'text';
  @noted b!: 5;
  @noted c!: -5;
  @noted d!: true;
  @noted e!: 5n;
  @noted f!: `t${string}`;
  @noted g!: { a: string };
  @noted h!: { (): void };
  @noted i!: () => void;
  @noted j!: new () => Local;
  @noted k!: [string, number];
  @noted l!: readonly string[];
  @noted m!: typeof Numbers;
  @noted n!: keyof Plain;
  @noted o!: Plain['a'];
  @noted p!: { [K in Word]: K };
  @noted r!: import('./other').Imported;
  @noted s!: (string);
}

class Unions {
  @noted a!: string | number;
  @noted b!: string | 'x';
  @noted c!: string | null;
  @noted d!: string | undefined;
  @noted e!: 'a' | 'b';
  @noted f!: Local | null;
  @noted g!: Local | Local;
  @noted h!: Local & Plain;
  @noted i!: string & {};
  @noted j!: never | string;
  @noted k!: unknown | string;
  @noted l!: string & unknown;
  @noted m!: any | string;
  @noted n!: true | false;
  @noted o!: string[] | number[];
  @noted p!: null | undefined;
  @noted q!: Imported | Imported;
  @noted r!: Imported | Standard;
  @noted s!: (string | ('a'));
  @noted t!: Word extends string ? string : string;
  @noted u!: string & never;
  @noted v!: Promise<string> | Promise<number>;
}

class References<T, S extends string, C extends Local> {
  @noted a!: Plain;
  @noted b!: Callable;
  @noted c!: Merged;
  @noted d!: Local<string>;
  @noted e!: Abstract;
  @noted f!: Numbers;
  @noted g!: Texts;
  @noted h!: Mixed;
  @noted i!: Constant;
  @noted j!: Added;
  @noted k!: Numbers.One;
  @noted l!: Mixed.A;
  @noted m!: Id;
  @noted n!: Word;
  @noted o!: Nullable;
  @noted p!: Handler;
  @noted q!: Names;
  @noted r!: Pair;
  @noted s!: Flag;
  @noted t!: Alias;
  @noted u!: Big;
  @noted v!: Sign;
  @noted w!: Nothing;
  @noted x!: Anything;
  @noted y!: Deep;
  @noted z!: T;
  @noted aa!: S;
  @noted ab!: C;
  @noted ac!: Space.Inner;
  @noted ad!: Space.Outline;
  @noted ae!: References<T, S, C>;
  @noted af!: this;
  @noted ag!: Chosen<string>;
}

class Imports {
  @noted a!: Imported;
  @noted b!: Shape;
  @noted d!: Models.User;
  @noted e!: Models.Post;
  @noted f!: Standard;
  @noted g!: other.Imported;
  @noted h!: other.Models.User;
  @noted i!: IncomingMessage;
  @noted j!: Imported[];
  @noted k!: Imported | null;
  @noted l!: OnlyType;
  @noted m!: Level;
}

class Globals {
  @noted a!: Promise<string>;
  @noted b!: Array<string>;
  @noted c!: ReadonlyArray<string>;
  @noted d!: Map<string, number>;
  @noted e!: Set<string>;
  @noted f!: Date;
  @noted g!: Record<string, string>;
  @noted h!: Partial<Plain>;
  @noted i!: Function;
  @noted j!: String;
  @noted k!: Symbol;
  @noted l!: Error;
  @noted m!: Uint8Array;
  @noted n!: Buffer;
  @noted o!: URL;
  @noted p!: Iterable<string>;
  @noted q!: Uppercase<'a'>;
  @noted r!: NodeJS.Timeout;
  @noted s!: PromiseLike<string>;
  @noted t!: Object;
  @noted u!: RegExp;
  @noted v!: Required<Plain>;
}

class Methods {
  @noted plain(a: string, b: number): boolean {
    return a.length === b;
  }
  @noted untyped(a, b = 5) {
    return a + b;
  }
  @noted async later() {
    return 1;
  }
  @noted async promised(): Promise<string> {
    return '';
  }
  @noted async *generated() {
    yield 1;
  }
  @noted *iterated(): Iterable<number> {
    yield 1;
  }
  @noted rest(first: string, ...others: number[]): void {}
  @noted rest_by_name(...others: Array<Date>): void {}
  @noted rest_untyped(...others): void {}
  @noted bound(this: Methods, a: string): void {}
  @noted unpacked({ a }: Plain, [b]: string[] = []): void {}
  @noted optional(a?: number, b?: Plain): void {}
  @noted is_text(value: unknown): value is string {
    return true;
  }
  @noted asserts(value: unknown): asserts value is string {}
  @noted static fixed(a: Local): Local {
    return a;
  }
  overloaded(a: string): string;
  overloaded(a: number): number;
  @noted overloaded(a: any): any {
    return a;
  }
  @noted @noted twice(@noted a: string, @noted @noted b: Date): void {}
  undecorated(@noted a: Set<string>, b: number) {}
  @noted ['computed'](a: string): void {}
}

class Accessors {
  @noted get read(): number {
    return 1;
  }
  @noted set written(value: string) {}
  @noted get both(): Date {
    return new Date();
  }
  set both(value: Date) {}
  get setter_decorated(): string {
    return '';
  }
  @noted set setter_decorated(value: string) {}
  @noted get untyped() {
    return 1;
  }
  @noted static get fixed(): Local {
    return new Local();
  }
  get by_parameter(): string {
    return '';
  }
  set by_parameter(@noted value: string) {}
}

@noted
class Injected {
  constructor(
    private readonly a: Local,
    @noted public b: string,
    c?: Plain,
    readonly d: Imported = new Imported(),
    ...rest: string[]
  ) {}
}

class OnlyParameters {
  constructor(@noted a: Local, b: Numbers) {}
}

@noted
class WithoutConstructor {}

@noted
class Derived extends Injected {}

@noted
class Overloads {
  constructor(a: string);
  constructor(a: number, b: number);
  constructor(a: any, b?: any) {}
}

@noted
export class CircularOne {
  @noted two!: CircularTwo;
  @noted self!: CircularOne;
  constructor(public forward: CircularTwo) {}
}

class Automatic {
  @noted accessor a: number = 1;
  @noted static accessor a: Date = new Date(0);
  @noted accessor 'b-b': Local | null = null;
  @noted accessor 'c-c': string = '';
  @noted d!: number;
  accessor e = 2;
  static accessor e = 3;
}

function within() {
  interface Hidden {
    a: 1;
  }
  class Near {}
  @noted
  class Inside {
    @noted a!: Near;
    @noted b!: Hidden;
    constructor(c: Near) {}
  }
  return Inside;
}

export const used: unknown[] = [Keywords, Literals, Unions, References, Imports, Globals, Methods, Accessors];
used.push(Automatic, OnlyParameters, WithoutConstructor, Derived, Overloads, within());
export const shown = lines();
