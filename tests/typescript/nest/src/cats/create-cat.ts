export interface CreateCat {
  name: string;
}
