export enum Shared {
  A = 'of the workspace',
}
