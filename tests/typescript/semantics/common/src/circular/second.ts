import { First } from './first';

export class Second {
  name = 'second';
  /** Here the other module is not evaluated yet. */
  static early = String(First);
}
