import 'reflect-metadata';

interface Note {
  target: any;
  key: string | undefined;
  name: string;
  seen: string;
}

const notes: Note[] = [];

/** What decorates members, parameters and classes alike, and sees the metadata as far as it is there when it is applied. */
export function noted(target: any, key?: any, place?: any): any {
  const owner = typeof target === 'function' ? target : target.constructor;
  const name = `${owner.name}${typeof target === 'function' ? '' : '#'}${String(key ?? '')}`;
  const seen = typeof place === 'number' ? `parameter ${place}` : 'itself';
  const known = Reflect.getMetadata('design:paramtypes', target, key) === undefined ? 'without' : 'with';
  notes.push({ target, key, name, seen: `${seen} ${known} types` });
}

function shown(value: any): any {
  if (Array.isArray(value)) return value.map(shown);
  if (typeof value === 'function') return value.name;
  return String(value);
}

/** All metadata, one line for each decorator that was applied, in this order. */
export function lines(): string[] {
  return notes.map(({ target, key, name, seen }) => {
    const read = (what: string) => {
      const has = Reflect.hasOwnMetadata(`design:${what}`, target, key as any);
      return has ? JSON.stringify(shown(Reflect.getOwnMetadata(`design:${what}`, target, key as any))) : '-';
    };
    return `${name} (${seen}): type ${read('type')} paramtypes ${read('paramtypes')} returntype ${read('returntype')}`;
  });
}
