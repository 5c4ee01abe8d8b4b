import { Shared } from '@acme/shared';
import exact from './lib';
import { inner } from '#inner';
import { one, type OnlyType } from '@lib/one.js';
import { one as special } from '@lib/special';
import { two } from 'exact';
import data, { answer } from './data.json';
import strict from './strict.json' with { type: 'json' };
import old = require('./old.cts');
import { named } from './other.mjs';
import { View } from './view';

const seen: Record<string, unknown> = {};

enum Level {
  Low,
  High = 'high',
  Shifted = 1 << 3,
  Next,
}
enum Level {
  Added = 99,
}
const enum Constant {
  A = 1,
  B = A * 2,
}
declare enum Nowhere {
  A,
}
namespace Space {
  export const a = 1;
  export let counted = 0;
  export function count() {
    counted += a;
    return counted;
  }
  export namespace Deep {
    export class Inner {
      name = 'inner';
    }
  }
}
namespace Space {
  export const b = 2;
  export const sum = a + b;
}
abstract class Base {
  static count = 0;
  abstract name: string;
  declare typed: string;
  constructor(
    protected readonly first: string,
    public second = 2,
  ) {
    Base.count++;
  }
  overloaded(value: string): string;
  overloaded(value: number): number;
  overloaded(value: any): any {
    return value!;
  }
}
class Derived extends Base {
  name = `${this.first}-${this.second}`;
  accessor automatic = 5;
  #hidden = 7;
  override overloaded(value: any): any {
    return [value, this.#hidden, this.automatic++];
  }
}
function logged<T extends (...all: any[]) => any>(value: T, context: ClassMethodDecoratorContext): T {
  return function (this: unknown, ...all: any[]) {
    return `${String(context.name)}: ${value.apply(this, all)}`;
  } as T;
}
class Decorated {
  @logged greet(name: string) {
    return `hello ${name}`;
  }
}
async function disposed() {
  const order: string[] = [];
  {
    using first = { [Symbol.dispose]: () => order.push('first') };
    await using second = { [Symbol.asyncDispose]: async () => void order.push('second') };
    order.push(first && second ? 'inside' : '');
  }
  return order;
}
const generic = <T,>(value: T): T => value;

seen.imports = [one, special, two, exact, inner, named, Shared.A, answer, data['not-a-name'], strict.answer, old];
seen.enums = [Level.Low, Level[0], Level.High, Level.Shifted, Level.Next, Level.Added, Constant.B, typeof Nowhere];
seen.namespaces = [Space.count(), Space.count(), Space.counted, Space.sum, new Space.Deep.Inner().name];
const derived = new Derived('a');
seen.classes = [derived.name, derived.overloaded('x'), derived.automatic, Object.keys(derived), Base.count];
seen.decorators = new Decorated().greet('you');
seen.disposed = await disposed();
seen.jsx = View();
seen.late = (await import('./lib/one')).one;
seen.generic = generic<number>(8) as unknown as OnlyType;
seen.url = import.meta.url.endsWith('/main.ts');
// A stack names the line of the source, this one:
seen.stack = new Error('here').stack!.split('\n')[1]!.replace(/^.*\//, '').replace(/\)$/, '');

export default { fetch: () => Response.json(seen) };
