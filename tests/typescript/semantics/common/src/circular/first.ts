import { Second } from './second';

export class First {
  other() {
    return new Second();
  }
}
export const circular = () => Second.early;
