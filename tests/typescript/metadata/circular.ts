import { CircularOne } from './cases';
import { noted } from './noted';

@noted
export class CircularTwo {
  @noted one!: CircularOne;
  constructor(public back: CircularOne) {}
}
