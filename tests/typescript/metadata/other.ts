export class Imported {}
export interface Shape {
  side: number;
}
export type Text = string;
export enum Level {
  Low,
  High,
}
export namespace Models {
  export class User {}
  export interface Post {
    title: string;
  }
}
export default class Standard {}
