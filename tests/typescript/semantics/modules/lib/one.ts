export const one: number = 1;
export interface OnlyType {
  a: string;
}
export type { Later } from './types.js';
